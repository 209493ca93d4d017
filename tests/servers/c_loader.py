"""A SavedModel loaded and run by TensorFlow's C library, without its Python."""

import contextlib
import ctypes
import pathlib

import numpy as np
import tensorflow as tf

DTYPES = {1: np.float32, 9: np.int64}
POINTERS = (
    "TF_NewStatus", "TF_NewGraph", "TF_NewSessionOptions", "TF_LoadSessionFromSavedModel",
    "TF_GraphOperationByName", "TF_NewTensor", "TF_TensorData", "TF_AllocateTensor",
)  # fmt: skip


class Output(ctypes.Structure):
    _fields_ = [("operation", ctypes.c_void_p), ("index", ctypes.c_int)]


def library():
    (path,) = pathlib.Path(tf.__file__).parent.glob("libtensorflow_cc.*")
    found = ctypes.CDLL(str(path))
    for name in POINTERS:
        getattr(found, name).restype = ctypes.c_void_p
    found.TF_Message.restype = ctypes.c_char_p
    found.TF_Dim.restype = ctypes.c_int64
    return found


class CSession:
    """A session over a SavedModel, fed and fetched by tensor names such as `serve_x:0`."""

    def __init__(self, path):
        self.c = library()
        self.status = ctypes.c_void_p(self.c.TF_NewStatus())
        self.graph = ctypes.c_void_p(self.c.TF_NewGraph())
        tags = (ctypes.c_char_p * 1)(b"serve")
        self.session = ctypes.c_void_p(
            self.c.TF_LoadSessionFromSavedModel(
                ctypes.c_void_p(self.c.TF_NewSessionOptions()), None, str(path).encode(),
                tags, 1, self.graph, None, self.status,
            )
        )  # fmt: skip
        self.check()

    def run(self, feed, fetches):
        """Arrays of the tensors named, float32 and int64; `feed` is float32 arrays by name."""
        inputs = (Output * len(feed))(*(self.output(name) for name in feed))
        values = (ctypes.c_void_p * len(feed))(*(self.tensor(value) for value in feed.values()))
        outputs = (Output * len(fetches))(*(self.output(name) for name in fetches))
        found = (ctypes.c_void_p * len(fetches))()
        self.c.TF_SessionRun(
            self.session, None, inputs, values, len(feed), outputs, found, len(fetches), None, 0,
            None, self.status,
        )  # fmt: skip
        self.check()
        return [self.array(ctypes.c_void_p(tensor)) for tensor in found]

    def output(self, name):
        operation, index = name.split(":")
        pointer = self.c.TF_GraphOperationByName(self.graph, operation.encode())
        if not pointer:
            raise KeyError(name)
        return Output(pointer, int(index))

    def tensor(self, value):
        value = np.ascontiguousarray(value, "float32")
        dims = (ctypes.c_int64 * value.ndim)(*value.shape)
        size = ctypes.c_size_t(value.nbytes)
        pointer = self.c.TF_AllocateTensor(1, dims, value.ndim, size)
        data = self.c.TF_TensorData(ctypes.c_void_p(pointer))
        ctypes.memmove(data, value.ctypes.data, value.nbytes)
        return pointer

    def array(self, tensor):
        shape = [self.c.TF_Dim(tensor, axis) for axis in range(self.c.TF_NumDims(tensor))]
        found = np.empty(shape, DTYPES[self.c.TF_TensorType(tensor)])
        ctypes.memmove(found.ctypes.data, self.c.TF_TensorData(tensor), found.nbytes)
        self.c.TF_DeleteTensor(tensor)
        return found

    def check(self):
        if self.c.TF_GetCode(self.status):
            raise RuntimeError(self.c.TF_Message(self.status).decode())

    def close(self):
        with contextlib.suppress(RuntimeError):
            self.c.TF_CloseSession(self.session, self.status)
            self.c.TF_DeleteSession(self.session, self.status)
