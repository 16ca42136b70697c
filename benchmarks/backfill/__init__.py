"""A release asks for the past of many contacts: how long until it decides, and what do live events notice?"""
