"""A look-alike of TensorFlow Serving's gRPC services, over the official stubs."""

import concurrent.futures
import contextlib

import grpc
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from tests.servers.graph_mode import BadRequest, NoSignature, NotFound

AVAILABLE = get_model_status_pb2.ModelVersionStatus.State.AVAILABLE


class Services(
    prediction_service_pb2_grpc.PredictionServiceServicer,
    model_service_pb2_grpc.ModelServiceServicer,
):
    """Predict, Classify and GetModelStatus.

    Args:
        models: Dict by name of dicts by version of `ServedModel`s.
        failures: gRPC status codes to answer the first requests with, one each.
    """

    def __init__(self, models, failures=()):
        self.models = models
        self.failures = list(failures)

    def Predict(self, request, context):
        with self.errors(context):
            model, version = self.chosen(request.model_spec)
            inputs = {key: tf.make_ndarray(value) for key, value in request.inputs.items()}
            found = model.run(request.model_spec.signature_name, inputs)
            answer = predict_pb2.PredictResponse()
            self.say(answer.model_spec, request.model_spec, version)
            for key, value in found.items():
                answer.outputs[key].CopyFrom(tf.make_tensor_proto(value))
            return answer

    def Classify(self, request, context):
        with self.errors(context):
            model, version = self.chosen(request.model_spec)
            name = request.model_spec.signature_name
            found = model.classify(name, request.input.example_list.examples)
            answer = classification_pb2.ClassificationResponse()
            self.say(answer.model_spec, request.model_spec, version)
            for classes, scores in zip(found["classes"], found["scores"], strict=True):
                row = answer.result.classifications.add()
                for label, score in zip(classes, scores, strict=True):
                    row.classes.add(label=label, score=score)
            return answer

    def GetModelStatus(self, request, context):
        with self.errors(context):
            self.chosen(request.model_spec)
            answer = get_model_status_pb2.GetModelStatusResponse()
            for version in sorted(self.models[request.model_spec.name]):
                answer.model_version_status.add(version=version, state=AVAILABLE)
            return answer

    def chosen(self, spec):
        versions = self.models.get(spec.name)
        version = spec.version.value if spec.HasField("version") else max(versions or [0])
        if not versions or version not in versions:
            raise NotFound(f"Servable not found for request: {spec.name} {version}")
        return versions[version], version

    def say(self, spec, asked, version):
        spec.name, spec.signature_name = asked.name, asked.signature_name
        spec.version.value = version

    @contextlib.contextmanager
    def errors(self, context):
        if self.failures:
            context.abort(self.failures.pop(0), "not now")
        try:
            yield
        except NoSignature as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        except BadRequest as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except NotFound as error:
            context.abort(grpc.StatusCode.NOT_FOUND, str(error))


@contextlib.contextmanager
def serving(models, failures=()):
    """A server of models for as long as the context lasts; gives its host and port."""
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
    services = Services(models, failures)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(services, server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(services, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()
