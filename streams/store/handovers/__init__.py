"""What Kafka holds of the hand-overs to Salesforce besides them: commands of people, progress, refusals."""
