"""How a worker is, for those who watch it: health and metrics over HTTP, for Prometheus and Kubernetes."""
