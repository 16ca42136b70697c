"""Records of the journal and of the in-topics: their forms, their validation, and what decisions want written."""
