# Short names for the commands of CONTRIBUTING.md. `make` shows them.
.DEFAULT_GOAL := help
.PHONY: help check test test-property test-kafka test-all coverage mutations chaos bench bench-peers

help:  ## this list
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

check:  ## style, format, types, import contracts
	uv run ruff check .
	uv run ruff format --check .
	uv run mypy
	uv run lint-imports

test:  ## the quick tests: one part at a time, and the layout of the project
	uv run pytest tests/unit tests/architecture

test-property:  ## many generated examples of one claim
	uv run pytest tests/property

test-kafka:  ## on a real Kafka, which the run starts and stops
	uv run pytest tests/integration

test-all:  ## everything, as .ci/run does it
	uv run pytest

coverage:  ## lines and branches that the tests without Kafka reach: a report, not a gate
	uv run pytest tests/unit tests/property --cov --cov-report=term:skip-covered

mutations:  ## break every rule of the list, one at a time; each has to be noticed
	uv run python -m tests.programs.mutations

chaos:  ## kill, stop and join workers and restart Kafka under traffic
	uv run python -m tests.programs.chaos --program pipeline

bench-peers:  ## the same job by this pipeline and its peers: --out figures.json and the report write docs/performance.md
	uv run python -m benchmarks.side_by_side

bench:  ## measure exits by time, live edits, what more workers bring, and a past of many contacts
	uv run python -m benchmarks.time_exits
	uv run python -m benchmarks.live_edit
	uv run python -m benchmarks.scaling
	uv run python -m benchmarks.backfill
