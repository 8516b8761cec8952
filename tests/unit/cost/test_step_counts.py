"""Counting of launches and synchronisations, on a GPU that a CPU pretends to be."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from glalign.contract.retriever import Batch
from glalign.cost.launches import Launches
from glalign.cost.pretended_gpu import PretendedGpu
from glalign.models.host_copies import sent

GPU = torch.device("cuda")


def counted(work: Callable[[Tensor], object]) -> tuple[dict[str, int], dict[str, int]]:
    """Launches and synchronisations of work on a tensor (2, 3) of the GPU."""
    gpu, there = PretendedGpu(), torch.arange(6.0).view(2, 3)
    gpu.put([there])
    with gpu:
        work(there)
    return dict(gpu.launches), dict(gpu.synchronisations)


@pytest.mark.parametrize(
    ("work", "name"),
    [
        (lambda x: x.sum().item(), "_local_scalar_dense"),
        (lambda x: float(x[0, 0]), "_local_scalar_dense"),
        (lambda x: int(x.max()), "_local_scalar_dense"),
        (lambda x: bool(x.any()), "_local_scalar_dense"),
        (lambda x: 1 if x.sum() > 3 else 2, "_local_scalar_dense"),
        (lambda x: x.tolist(), "tolist"),
        (lambda x: x.cpu(), "cpu"),
        (lambda x: x.to("cpu"), "to"),
        (lambda x: x[x > 2], "index"),
        (lambda x: x.__setitem__(x > 2, x[1] * 1), "index_put_"),
        (lambda x: x.nonzero(), "nonzero"),
        (lambda x: x.masked_select(x > 2), "masked_select"),
        (lambda x: torch.equal(x, x + 0), "equal"),
        (lambda x: x.unique(), "_unique2"),
        (lambda x: x[0].repeat_interleave(x[0].long()), "repeat_interleave"),
        (lambda x: x[torch.tensor([0])], "index"),
        (lambda x: x + torch.tensor([1.0], device=x.device), "tensor"),
        (lambda x: x + torch.ones(3).to(x.device), "to"),
    ],
)
def test_each_kind_of_waiting_counts(work: Callable[[Tensor], object], name: str) -> None:
    _, waits = counted(work)
    assert waits[name] == 1


def test_what_does_not_wait_counts_as_a_launch_or_not_at_all() -> None:
    assert counted(lambda x: x.T[:2].unsqueeze(0).detach().expand(4, 2, 2)) == ({}, {})
    assert counted(lambda x: int(torch.arange(3).max()) + len(torch.ones(4)[torch.ones(4).bool()])) == ({}, {})
    assert counted(lambda x: x.T @ x) == ({"mm": 1}, {})
    assert counted(lambda x: x[torch.tensor([1, 0]).to(x.device, non_blocking=True)]) == ({"copy": 1, "index": 1}, {})
    assert counted(lambda x: x + sent(torch.ones(3), x)) == ({"copy": 1, "add": 1}, {})
    assert counted(lambda x: torch.arange(3, device=x.device) < x) == ({"arange": 1, "lt": 1}, {})
    assert counted(lambda x: sent(x, x)) == ({}, {})
    assert counted(lambda x: x.__setitem__(x > 2, 1.0))[1] == {}  # a fill, whatever the mask


def test_tensors_of_both_places_do_not_meet() -> None:
    """As on CUDA; a number in a tensor of the CPU may."""
    with pytest.raises(RuntimeError, match="add: expected all tensors to be on the same device"):
        counted(lambda x: x + torch.ones(3))
    with pytest.raises(RuntimeError, match="same device"):
        counted(lambda x: sent(torch.ones(3), x) + torch.ones(3) + x)
    assert counted(lambda x: x + torch.tensor(1.0)) == ({"add": 1}, {})


def test_the_backward_pass_is_counted_and_its_numbers_are_the_cpu_s() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    values = torch.randn(5, 3)
    model(values).sum().backward()
    expected = [parameter.grad.clone() for parameter in model.parameters()]
    model.zero_grad()
    gpu = PretendedGpu()
    gpu.put(model.parameters())
    with gpu:
        model(values.to(GPU, non_blocking=True)).sum().backward()
        assert all(parameter.grad.is_cuda for parameter in model.parameters())
    assert gpu.launches["threshold_backward"] == 1
    assert gpu.launches["addmm"] == 2
    assert not gpu.synchronisations
    assert all(torch.equal(p.grad, grad) for p, grad in zip(model.parameters(), expected, strict=True))


def test_nothing_is_counted_where_no_gpu_takes_part() -> None:
    with Launches() as counter:
        assert torch.ones(3).sum().item() == 3.0
    assert not counter.launches
    assert not counter.synchronisations


def test_a_batch_on_a_gpu_keeps_what_the_host_has() -> None:
    batch = Batch(tokens=torch.arange(8).view(4, 2), lengths=torch.tensor([2, 1, 2, 2]))
    assert batch.to(torch.device("cpu")) is batch
    assert batch.on_host is batch
    with PretendedGpu() as gpu:
        there = batch.to(GPU)
        assert there.lengths.is_cuda
        assert there.on_host is batch
        assert there.to(GPU).on_host is batch
        assert there.to(torch.device("cpu")) is batch
        assert int(there.on_host.lengths.max()) == 2
        first, second = there.split(2)
        assert second.tokens.is_cuda
        assert not second.on_host.tokens.is_cuda
        assert second.on_host.lengths.tolist() == [2, 2]
        assert first.on_host.tokens.tolist() == [[0, 1], [2, 3]]
    assert not gpu.synchronisations
