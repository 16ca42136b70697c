"""The decisions of one journal partition: records in order, broadcasts, releases and back-fill."""
