"""Two processes of the role `views` with one name: one of them ends and says so, the other goes on."""

from __future__ import annotations

from pathlib import Path

from streams.errors import DuplicateWorker
from tests.harness.views.durable_redis import DurableRedis
from tests.harness.views.view_deployment import ViewDeployment, wait_until_true


def test_a_second_process_of_a_name_ends_and_says_which_other_one_has_it(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    with (
        DurableRedis(tmp_path / "redis") as server,
        ViewDeployment(kafka, prefix, server.url, tmp_path) as deployment,
    ):
        deployment.write(20)
        consumers = [deployment.start_consumer("w1"), deployment.start_consumer("w1")]
        wait_until_true(lambda: any(each.poll() is not None for each in consumers), deployment.log_path.read_text)
        [ended] = [each for each in consumers if each.poll() is not None]
        assert ended.returncode == DuplicateWorker.exit_code, deployment.log_path.read_text()
        text = deployment.log_path.read_text()
        assert "another worker is named w1 too, leadstream-w1-views-" in text
        assert "give this one a name of its own with --name" in text
        deployment.write(20)
        deployment.wait_until_equal()


def test_a_process_that_starts_again_under_its_name_is_no_second_one(kafka: str, prefix: str, tmp_path: Path) -> None:
    with (
        DurableRedis(tmp_path / "redis") as server,
        ViewDeployment(kafka, prefix, server.url, tmp_path) as deployment,
    ):
        deployment.write(20)
        first = deployment.start_consumer("w1")
        deployment.wait_until_equal()
        first.kill()
        first.wait()
        second = deployment.start_consumer("w1")
        deployment.write(20)
        deployment.wait_until_equal()
        assert second.poll() is None
