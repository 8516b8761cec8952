"""The camera model: fold shading, tone curve, colour cast, blur, resolution, noise and JPEG compression."""

import io
import random
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from glalign.synthetic.domains.domain import Camera
from glalign.synthetic.drawing.canvas import HEIGHT, WIDTH

CLOTH = np.zeros(256, np.float32)
CLOTH[[4, 5, 6, 7, 17]] = 1.0
CLOTH[[2, 16]] = 0.6
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""ITU-R BT.601 luma."""


def _field(noise: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Draw a smooth random field (128, 64) with values of about [-1, 1]."""
    small = noise.standard_normal((rows, columns), np.float32)
    return np.asarray(Image.fromarray(small).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))


def folds(noise: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    """Draw brightness factors (128, 64): creases on cloth, weaker on hair and bags, 1 elsewhere."""
    creases = 0.5 * _field(noise, 26, 16) + 0.5 * _field(noise, 12, 10)
    return 1 + 0.11 * np.clip(creases, -1.6, 1.6) * CLOTH[labels]


def expose(
    rng: random.Random, noise: np.random.Generator, camera: Camera, image: Image.Image, labels: np.ndarray
) -> tuple[bytes, dict[str, Any]]:
    """Return the JPEG bytes of the photograph and the parameters of the camera that were drawn for it.

    image: RGB, 64 x 128. labels: (128, 64) uint8. Parameters: as in `domains.domain.Camera`; slope: brightness gradient
    from left to right; haze: share of grey.
    """
    nuisance: dict[str, Any] = {
        "gain": rng.uniform(*camera.gain), "gamma": rng.uniform(*camera.gamma),
        "saturation": rng.uniform(*camera.saturation), "contrast": rng.uniform(*camera.contrast),
        "cast": [rng.gauss(mean, camera.cast) for mean in camera.tint],
        "slope": rng.uniform(-0.16, 0.16), "haze": max(0.0, rng.gauss(0, 0.05)),
        "blur": rng.uniform(*camera.blur), "detail": rng.uniform(*camera.detail),
        "noise": rng.uniform(*camera.noise), "quality": rng.randint(*camera.quality),
    }  # fmt: skip
    pixels = np.asarray(image, np.float32) / 255 * folds(noise, labels)[:, :, None]
    grey = (pixels @ LUMA)[:, :, None]
    pixels = grey + (pixels - grey) * np.float32(nuisance["saturation"])
    slope = 1 + nuisance["slope"] * np.linspace(-1, 1, WIDTH, dtype=np.float32)
    gain = (nuisance["gain"] * (1 + np.array(nuisance["cast"], np.float32))).astype(np.float32)
    pixels = pixels * gain * slope[None, :, None]
    pixels = np.clip(pixels, 0, 1.4) ** np.float32(nuisance["gamma"])
    pixels = (pixels - 0.45) * np.float32(nuisance["contrast"]) + 0.45
    pixels = pixels * np.float32(1 - nuisance["haze"]) + np.float32(0.62 * nuisance["haze"])
    photo = Image.fromarray((np.clip(pixels, 0, 1) * 255).astype(np.uint8))
    if nuisance["blur"] > 0.25:
        photo = photo.filter(ImageFilter.GaussianBlur(nuisance["blur"]))
    small = (max(16, round(WIDTH * nuisance["detail"])), max(32, round(HEIGHT * nuisance["detail"])))
    photo = photo.resize(small, Image.Resampling.BOX if small[0] < WIDTH else Image.Resampling.NEAREST)
    grain = noise.standard_normal((small[1], small[0], 3), np.float32) * np.float32(nuisance["noise"])
    photo = Image.fromarray(np.clip(np.asarray(photo) + grain, 0, 255).astype(np.uint8))
    photo = photo.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)
    out = io.BytesIO()
    photo.save(out, "JPEG", quality=nuisance["quality"])
    return out.getvalue(), {k: [round(c, 4) for c in v] if k == "cast" else round(v, 4) for k, v in nuisance.items()}
