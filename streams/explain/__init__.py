"""Why a contact is in a segment, or where its lead stands: pure, over the very same engine."""
