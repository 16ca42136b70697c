"""The CRM's side of the pipeline: hands leads over to Salesforce, and brings its opportunities back.

Both have effects outside, so they are plain groups and loops of their own: an effect is repeatable, errors are
retried in place, and a slow or absent Salesforce delays nothing else.
"""
