"""Who may ask, how often and how much: tokens, limits, origins."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_TOKENS = "streams/serve/tokens.py"
_AUTHORIZATION = "streams/serve/guards/authorization.py"
_BODY = "streams/serve/guards/body.py"
_RATE = "streams/serve/guards/rate.py"
_ORIGIN = "streams/serve/guards/origin.py"
_OF_TOKENS = "tests/unit/streams/serve/test_tokens.py"
_GUARDS = "tests/unit/streams/serve/guards"
_STACK = f"{_GUARDS}/test_stack.py"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="token-reads",
        section=10,
        rule="a token that reads does not write",
        where=_AUTHORIZATION,
        text='if not is_reading and allowed != "write":',
        instead="if not is_reading and not allowed:",
        caught_by=(f"{_STACK}::test_a_token_that_reads_does_not_write",),
    ),
    Mutation(
        id="token-posted-question",
        section=10,
        rule="a path that only begins like a question is no reading",
        where=_AUTHORIZATION,
        text='scope["path"] in self._readings',
        instead='scope["path"].startswith(tuple(self._readings))',
        caught_by=(
            f"{_GUARDS}/test_authorization.py"
            "::test_a_question_that_is_posted_is_a_reading_and_what_only_begins_like_it_is_none",
        ),
    ),
    Mutation(
        id="token-part",
        section=10,
        rule="a part of a token is no token",
        where=_TOKENS,
        text="if hmac.compare_digest(known, token)]",
        instead="if known.startswith(token)]",
        caught_by=(f"{_OF_TOKENS}::test_anything_else_allows_nothing",),
    ),
    Mutation(
        id="token-kind",
        section=10,
        rule="a token of the settings allows what its kind says",
        where=_TOKENS,
        text='("write" if kind == "write" else "read", token)',
        instead='("write" if kind else "read", token)',
        caught_by=(f"{_OF_TOKENS}::test_tokens_are_needed_on_loopback_too_where_there_are_some",),
    ),
    Mutation(
        id="token-elsewhere",
        section=10,
        rule="on loopback by default, with a token on any other address",
        where=_TOKENS,
        text="        if is_loopback(settings.serve_host):\n",
        instead="        if settings.serve_host:\n",
        caught_by=(f"{_OF_TOKENS}::test_elsewhere_it_refuses_to_start_without_tokens",),
    ),
    Mutation(
        id="body-silent",
        section=10,
        rule="a body is bounded whatever its head says",
        where=_BODY,
        text="                    if size > limit:\n",
        instead="                    if len(parts[-1]) > limit:\n",
        caught_by=(f"{_GUARDS}/test_body.py::test_a_larger_one_is_refused_whether_it_says_so_or_not",),
    ),
    Mutation(
        id="body-bound-of-path",
        section=10,
        rule="a path with a bound of its own has that one",
        where=_BODY,
        text='limit = self._bounds.get(scope["path"], MAX_BODY_BYTES)',
        instead="limit = MAX_BODY_BYTES",
        caught_by=(f"{_GUARDS}/test_body.py::test_a_body_up_to_the_bound_arrives",),
    ),
    Mutation(
        id="rate-burst",
        section=10,
        rule="as many requests at once as a burst has are answered",
        where=_RATE,
        text="if bucket.tokens < cost:",
        instead="if bucket.tokens <= cost:",
        caught_by=(f"{_GUARDS}/test_rate.py::test_a_burst_passes_and_then_one_at_a_time",),
    ),
    Mutation(
        id="rate-pause",
        section=10,
        rule="a pause gives no more than one burst",
        where=_RATE,
        text="bucket.tokens = min(bucket.tokens + gained, self._bounds.burst)",
        instead="bucket.tokens += gained",
        caught_by=(f"{_GUARDS}/test_rate.py::test_a_pause_gives_no_more_than_one_burst",),
    ),
    Mutation(
        id="rate-forgotten",
        section=10,
        rule="the client that asked longest ago is forgotten first",
        where=_RATE,
        text="        self._buckets.move_to_end(client)\n",
        instead="",
        caught_by=(
            f"{_GUARDS}/test_rate.py::test_a_client_that_goes_on_asking_is_not_forgotten_for_those_that_come",
        ),
    ),
    Mutation(
        id="rate-guesses",
        section=10,
        rule="a token that is refused counts as a whole request, for a file too",
        where=_RATE,
        text="self._buckets[client].tokens -= rest",
        instead="self._buckets[client].tokens -= 0",
        caught_by=(f"{_STACK}::test_a_client_that_asks_too_often_waits_also_when_it_guesses_tokens",),
    ),
    Mutation(
        id="rate-before-tokens",
        section=10,
        rule="tokens cannot be guessed faster than requests may be made",
        where="streams/serve/guards/stack.py",
        text="    app = Authorization(app, policy.tokens, readings)\n"
        "    app = OriginGuard(app, policy.host)\n"
        "    app = ClientRateLimit(app, policy.rate)\n",
        instead="    app = ClientRateLimit(app, policy.rate)\n"
        "    app = Authorization(app, policy.tokens, readings)\n"
        "    app = OriginGuard(app, policy.host)\n",
        caught_by=(f"{_STACK}::test_a_client_that_asks_too_often_waits_also_when_it_guesses_tokens",),
    ),
    Mutation(
        id="log-route",
        section=10,
        rule="ids of contacts are in no log",
        where="streams/serve/guards/access_log.py",
        text='return getattr(route, "path_format", None) or getattr(route, "path", None) or "none"',
        instead='return str(scope["path"]) if route else "none"',
        caught_by=(f"{_STACK}::test_nothing_of_a_request_but_its_route_is_logged",),
    ),
)
