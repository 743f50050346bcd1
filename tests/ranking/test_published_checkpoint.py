"""A published SASRec checkpoint reproduces its published metrics.

ICLRec-Beauty-1.pt and the README of salesforce/ICLRec (BSD-3): HIT and NDCG at 5 and 10 on the test
split of Beauty, the whole catalogue ranked, seen items excluded. None of it was computed by this
project, so it checks architecture, slots, masks, data order and protocol at once.
"""

import re

import pytest
import torch
from helpers import SHARED_DATA

import awrsr
from awrsr.config import Catalogue, ModelConfig

CHECKPOINT = SHARED_DATA / "checkpoints" / "ICLRec-Beauty-1.pt"
BEAUTY = SHARED_DATA / "s3rec" / "Beauty.txt"

PUBLISHED = {"HR@5": 0.0500, "NDCG@5": 0.0326, "HR@10": 0.0744, "NDCG@10": 0.0403}
COMPUTED_ELSEWHERE = {"HR@1": 0.0145, "HR@20": 0.1058, "MRR@40": 0.0336}

RENAMED = (
    (r"^item_embeddings\.", "item_embedding."),
    (r"^position_embeddings\.", "position_embedding."),
    (r"^item_encoder\.layer\.(\d+)\.attention\.dense\.", r"attention.\1.output."),
    (r"^item_encoder\.layer\.(\d+)\.attention\.LayerNorm\.", r"attention.\1.norm."),
    (r"^item_encoder\.layer\.(\d+)\.attention\.", r"attention.\1."),
    (r"^item_encoder\.layer\.(\d+)\.intermediate\.dense_1\.", r"feed_forward.\1.expand."),
    (r"^item_encoder\.layer\.(\d+)\.intermediate\.dense_2\.", r"feed_forward.\1.contract."),
    (r"^item_encoder\.layer\.(\d+)\.intermediate\.LayerNorm\.", r"feed_forward.\1.norm."),
    (r"^LayerNorm\.", "norm."),
)


def our_name(name: str) -> str:
    for pattern, replacement in RENAMED:
        renamed = re.sub(pattern, replacement, name)
        if renamed != name:
            return renamed
    return name


@pytest.mark.slow
@pytest.mark.skipif(
    not (CHECKPOINT.is_file() and BEAUTY.is_file()),
    reason=f"needs {CHECKPOINT} and {BEAUTY}, which may not be redistributed",
)
def test_iclrec_beauty_gives_its_published_metrics() -> None:
    dataset = awrsr.prepare(BEAUTY, format="s3rec", name="Beauty")
    published = torch.load(CHECKPOINT, map_location="cpu", weights_only=True)
    weights = {our_name(name): tensor for name, tensor in published.items()}
    weights["item_embedding.weight"] = weights["item_embedding.weight"][:-1]  # the mask item
    catalogue = Catalogue(
        name=dataset.name, fingerprint=dataset.fingerprint, n_items=dataset.n_items
    )
    config = ModelConfig(max_length=50, hidden_size=64, n_layers=1, n_heads=2, inner_size=256)
    model = awrsr.build_model(config, catalogue)
    model.load_state_dict(weights)
    model.eval().requires_grad_(False)

    metrics = awrsr.evaluate(model, dataset, "test").metrics
    for name, value in (PUBLISHED | COMPUTED_ELSEWHERE).items():
        assert round(metrics[name], 4) == pytest.approx(value, abs=1e-9), name
