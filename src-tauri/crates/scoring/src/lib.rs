//! Evaluates ONNX models without the framework that made them.
