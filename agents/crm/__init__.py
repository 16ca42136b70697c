"""The CRM process: hands leads over to Salesforce and brings opportunities back.

Both have effects outside Kafka, so they run beside the workers: every effect can be repeated, errors are retried in
place, and a slow or absent Salesforce delays nothing else.
"""
