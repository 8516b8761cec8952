"""Copies of what the host computes, sent to the device without waiting for it."""

from torch import Tensor


def sent(tensor: Tensor, to: Tensor) -> Tensor:
    """Return `tensor` on the device of `to`; the host does not wait for a copy to a GPU.

    What the host knows of a batch (`Batch.on_host`) stays there until a GPU needs it: a number, a shape or a row that
    is read from the GPU makes the host wait until all work before it is done. Page-locked memory, because from other
    memory CUDA may copy only after such a wait.
    """
    if tensor.device == to.device:
        return tensor
    return (tensor.pin_memory() if to.is_cuda and not tensor.is_cuda else tensor).to(to.device, non_blocking=True)
