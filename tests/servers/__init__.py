"""Look-alikes of TensorFlow Serving, for want of its binary: enough of it to keep a contract with.

They know nothing of this project: what a request may hold is read from the SignatureDef, as the
server does it. A test against the real one runs where `AAE_TF_SERVING` holds its address.

| file | stands for |
|---|---|
| `graph_mode` | the loader: a session, fed and fetched by the names in the SignatureDef |
| `c_loader` | the same through TensorFlow's C library |
| `rest` | `/v1/models/...:predict` and its JSON |
| `prediction_service` | the gRPC services, over the official stubs |
"""
