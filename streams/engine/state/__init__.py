"""The state of one contact, the store of all contacts of a partition, and the rules for what a contact keeps."""
