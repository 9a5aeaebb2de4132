"""moto's server: a Flask app of AWS, whose rules and views are put in its mappings."""

from __future__ import annotations

import json

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import Client

SIGNED = "AWS4-HMAC-SHA256 Credential=a/20240101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=s"
pytestmark = pytest.mark.varying  # ids of requests and answers


@pytest.fixture(scope="module")
def s3():
    client = create_backend_app("s3").test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = SIGNED
    return client


@pytest.fixture
def sqs():
    return create_backend_app("sqs").test_client()


def test_buckets_and_objects(s3):
    host = {"base_url": "http://photos.s3.amazonaws.com"}
    assert s3.put("/", **host).status_code == 200
    assert s3.put("/a/b.txt", data="hello", **host).status_code == 200
    assert s3.get("/a/b.txt", **host).data == b"hello"
    assert s3.head("/a/b.txt", **host).headers["Content-Length"] == "5"
    assert s3.delete("/a/b.txt", **host).status_code == 204
    assert s3.get("/a/b.txt", **host).status_code == 404


def test_by_path(s3):
    host = {"base_url": "http://s3.amazonaws.com"}
    assert s3.put("/by-path", **host).status_code == 200
    assert s3.put("/by-path/x y", data="1", **host).status_code == 200
    assert s3.get("/by-path/x%20y", **host).data == b"1"


def test_queues(sqs):
    def call(action, **body):
        headers = {"X-Amz-Target": f"AmazonSQS.{action}", "Content-Type": "application/x-amz-json-1.0"}
        return sqs.post("/", data=json.dumps(body), headers=headers).get_json(force=True)

    assert call("CreateQueue", QueueName="q")["QueueUrl"].endswith("/q")
    assert call("ListQueues")["QueueUrls"][0].endswith("/q")


def test_its_rules(note):
    app = create_backend_app("sqs")
    note(sorted((rule.rule, rule.endpoint, sorted(rule.methods)) for rule in app.url_map.iter_rules()))
    note(sorted(app.view_functions))


def test_the_dispatcher():
    client = Client(DomainDispatcherApplication(create_backend_app))
    assert client.get("/", headers={"Authorization": SIGNED}).status_code == 200
    assert client.get("/moto-api/data.json").status_code in (200, 404)
