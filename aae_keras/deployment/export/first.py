"""What stands first in a LiteRT file, which is what a program gets that asks for no signature."""

from typing import Any

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

IDENTIFIER = b"TFL3"
ALIGNMENT = 16  # bytes, of every array: microcontrollers read weights where they lie


class _Aligned(flatbuffers.Builder):
    """A builder of files whose arrays begin at multiples of `ALIGNMENT`."""

    def CreateNumpyVector(self, x: np.ndarray) -> int:
        self.StartVector(x.itemsize, x.size, ALIGNMENT)
        self.head -= x.size * x.itemsize
        self.Bytes[self.head : self.head + x.size * x.itemsize] = x.tobytes()
        self.vectorNumElems = x.size
        return self.EndVector()


def put_first(content: bytes, signature: str, output: str) -> bytes:
    """Put one signature's graph first in a LiteRT file, and one of its outputs first in that.

    The converter sorts both by their names. Signatures and weights stay what they are.

    Args:
        content: The file.
        signature: Name of a signature in it.
        output: Name of an output of that signature.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    (chosen,) = (one for one in model.signatureDefs if one.signatureKey.decode() == signature)
    (tensor,) = (one.tensorIndex for one in chosen.outputs if one.name.decode() == output)
    graph = model.subgraphs[chosen.subgraphIndex]
    graph.outputs = sorted(graph.outputs, key=lambda index: index != tensor)
    order = sorted(range(len(model.subgraphs)), key=lambda index: index != chosen.subgraphIndex)
    _reorder(model, order)
    builder = _Aligned(len(content))
    builder.Finish(model.Pack(builder), file_identifier=IDENTIFIER)
    return bytes(builder.Output())


def _reorder(model: Any, order: list[int]) -> None:
    """Give the graphs another order; signatures, and operations that call a graph, follow."""
    place = {old: new for new, old in enumerate(order)}
    for definition in model.signatureDefs:
        definition.subgraphIndex = place[definition.subgraphIndex]
    operators = (operator for graph in model.subgraphs for operator in graph.operators)
    for options in (o for op in operators for o in (op.builtinOptions, op.builtinOptions2) if o):
        for name, value in vars(options).items():
            if name.lower().endswith(("subgraph", "subgraphindex")):  # as of `While` and `If`
                setattr(options, name, place.get(value, value))
    model.subgraphs = [model.subgraphs[index] for index in order]
