"""CSV files as events: their encoding, records, columns and cells, in the forms that spreadsheets and CRMs write."""
