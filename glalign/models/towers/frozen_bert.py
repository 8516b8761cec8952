"""A frozen BERT that encodes each caption once."""

import torch
from torch import Tensor

from glalign.models.data_parallel import processes
from glalign.models.host_copies import sent
from glalign.models.kept_rows import KeptRows
from glalign.models.towers.bert import Bert, BertShape


class FrozenBert(Bert):
    """BERT without gradients: ids (B, T) and lengths (B,), also on the host -> states (B, T, width) on its own device.

    Without dropout the states of a caption are computed once and kept, until weights are loaded. With dropout, and in
    several processes, which divide the captions of a batch, they are computed every time.
    """

    def __init__(self, shape: BertShape, vocabulary_size: int):
        super().__init__(shape, vocabulary_size)
        self.requires_grad_(False)
        self.kept = KeptRows()
        self.register_load_state_dict_post_hook(lambda *_: self.kept.clear())

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        types = self.types.weight
        # States of a validation may not enter a training: they are inference tensors, and may have another precision.
        kind = torch.is_inference_mode_enabled(), types.device, types.dtype

        def encode(ids: Tensor, lengths: Tensor) -> Tensor:
            return super(FrozenBert, self).forward(sent(ids, types), sent(lengths, types))

        with torch.no_grad():
            if self.training or processes() > 1:
                return encode(ids, lengths)
            return self.kept.of(encode, ids, lengths, kind)
