"""What a run shows: its pictures, codes for TensorBoard, images on demand."""
