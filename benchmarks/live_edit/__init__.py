"""Definitions that change while events come in: are memberships right afterwards, and do live events stay prompt?"""
