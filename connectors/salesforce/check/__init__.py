"""The check of an org and of what definitions say of it, before anything is written there."""
