"""Fine-tunes an encoder with PyTorch: one loop, the same on CPU and GPU, that goes on where it was stopped."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit, softmax
from sklearn.metrics import average_precision_score, f1_score

from experiments.classifiers.checkpoints import Checkpoint, training_digest
from experiments.classifiers.encoder_settings import EncoderSettings
from experiments.classifiers.progress import Progress
from experiments.classifiers.training_rows import UNKNOWN, Rows, auxiliary_codes, deal, read_rows
from features.encoder.architectures import own_graph
from features.encoder.errors import EncoderError, need
from features.encoder.export import load_encoder, takes_kinds, torch_graph
from features.encoder.graph import classifier_model
from features.encoder.runner import batches, pool_windows
from features.encoder.weights import find_encoder, longest_input, read_config, read_tokenizer

_CLIP = 1.0  # longest gradient of a step; keeps the first steps from wrecking the encoder


@dataclass(frozen=True)
class Trained:
    """What a training leaves: the float32 graph, tokenizer, tokens read at once, each epoch's scores, weight files."""

    model: bytes
    tokenizer: str
    max_length: int
    history: list[dict[str, float]]
    files: dict[str, bytes]


def finetune(
    settings: EncoderSettings,
    texts: Sequence[Any],
    y: np.ndarray,
    validation: tuple[Sequence[Any], np.ndarray] | None,
    multilabel: bool,
    seed: int,
    auxiliary: Sequence[Sequence[str]] = (),
) -> Trained:
    """Train an encoder and a linear head on n texts, or pairs (text, target).

    Parameters
    ----------
    settings : EncoderSettings
        The classifier's settings.
    texts : sequence
        n texts or pairs.
    y : ndarray of shape (n, n_labels), float32
        Indicator matrix; what is negative, nobody decided, and nothing is learned from it.
    validation : tuple of (texts, y), optional
        Rows on which the best epoch is chosen: by macro-averaged precision in a multilabel task, which needs no
        thresholds, else by macro-F1.
    multilabel : bool
        Whether labels are independent.
    seed : int
        Seed of everything random.
    auxiliary : sequence of n sequences of str, optional
        More to learn from each text, such as a finer label; an empty one isn't known. A head of its own predicts it
        while the encoder is trained, and is then left out.

    Raises
    ------
    EncoderError
        If the encoder is of no use, or memory runs out.
    """
    folder = find_encoder(settings.model)
    config, tokenizer = read_config(folder), read_tokenizer(folder)
    length = min(settings.max_length, longest_input(config))
    device = _device(settings.device)
    side, sizes = auxiliary_codes(auxiliary, len(texts))
    learner = _Learner(settings, folder, y, multilabel, seed, device, sizes)
    rows = read_rows(tokenizer, length, texts, y, side)
    held = None if validation is None else read_rows(tokenizer, length, *validation)
    checkpoint = Checkpoint(
        training_digest(settings.model_dump(), texts, y, validation, multilabel, seed, folder, auxiliary)
    )
    state: dict[str, Any] = {"epoch": 0, "best": None, "best_epoch": 0, "history": [], "done": False}
    if (kept := checkpoint.read()) is not None and learner.restore(kept[0]):
        state = kept[1]
    known = state["done"]
    steps = -(-len(rows.ids) // settings.batch_size)
    try:
        with Progress(settings.epochs * steps, state["epoch"] * steps, state["done"]) as progress:
            while not state["done"]:
                epoch = state["epoch"]
                loss = learner.epoch(rows, epoch, progress)
                entry = {"epoch": epoch + 1, "loss": loss}
                if held is not None and validation is not None:
                    entry["validation"] = _score(validation[1], learner.predict(held), multilabel)
                    if state["best"] is None or entry["validation"] > state["best"]:
                        state.update(best=entry["validation"], best_epoch=epoch + 1)
                        learner.keep()
                state.update(epoch=epoch + 1, history=[*state["history"], entry])
                progress.note(entry)
                worse = 0 if held is None else epoch + 1 - state["best_epoch"]
                state["done"] = epoch + 1 == settings.epochs or worse >= settings.patience
                if not state["done"]:
                    checkpoint.write(learner.tensors(), state)
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "memory" not in str(error).lower():
            raise
        raise EncoderError(
            f"out of memory while training with batches of {settings.batch_size}: set classifier.accumulate="
            f"{2 * settings.accumulate} (the same result in smaller parts), or a smaller classifier.max_length or model"
        ) from None
    learner.take_best()
    weights = learner.weights()
    if not known:
        checkpoint.finish({f"net.{name}": tensor for name, tensor in weights.items()}, state)
    head = weights.pop("head.weight"), weights.pop("head.bias")
    encoder = {name.removeprefix("encoder."): each for name, each in weights.items() if name.startswith("encoder.")}
    graph = own_graph(config, encoder) or torch_graph(learner.net.encoder)
    model = classifier_model(graph, settings.pooling, *head)
    files = _files(folder, tokenizer, encoder, head)
    return Trained(model, tokenizer, length, state["history"], files)


def window_probabilities(scores: np.ndarray, owner: np.ndarray, n: int, multilabel: bool) -> np.ndarray:
    """Return n texts' probabilities, shape (n, n_labels), float64, from the scores (logits) of their windows.

    A label that any window has, the text has; labels that exclude each other are averaged over the windows.
    """
    wide = scores.astype(np.float64)
    return (
        pool_windows(expit(wide), owner, n, "max")
        if multilabel
        else pool_windows(softmax(wide, axis=1), owner, n, "mean")
    )


class _Learner:
    """Encoder, head and optimiser."""

    def __init__(
        self,
        settings: EncoderSettings,
        folder: Path,
        y: np.ndarray,
        multilabel: bool,
        seed: int,
        device: str,
        sizes: Sequence[int] = (),
    ) -> None:
        self.torch = need("torch", "encoder")
        self.settings, self.multilabel, self.seed, self.device = settings, multilabel, seed, device
        self.torch.manual_seed(seed)
        self.sizes = list(sizes)
        self.net = _network(folder, y.shape[1], settings, sum(sizes)).to(device)
        self.optimiser = self.torch.optim.AdamW(self._groups(), weight_decay=settings.weight_decay)
        self.label_weight = self.torch.tensor(_label_weights(y, settings.class_weight, multilabel), device=device)
        self.best: dict[str, Any] = {}
        self.half = _half(self.torch, device)

    def epoch(self, rows: Rows, number: int, progress: Progress) -> float:
        """See every row once; return the mean loss. What is random depends on the seed and the epoch alone."""
        settings, rng = self.settings, np.random.default_rng([self.seed, number])
        self.torch.manual_seed(self.seed * 1000 + number)
        self.net.train()
        dealt = deal(rows.lengths, settings.batch_size, rng)
        total = 0.0
        for step, batch in enumerate(dealt):
            self._rate(number * len(dealt) + step, settings.epochs * len(dealt))
            for part in np.array_split(batch, min(settings.accumulate, len(batch))):
                loss = self._loss(rows, part) / len(batch)
                loss.backward()
                total += float(loss.detach()) / len(dealt)
            self.torch.nn.utils.clip_grad_norm_(self.net.parameters(), _CLIP)
            self.optimiser.step()
            self.optimiser.zero_grad(set_to_none=True)
            progress.step()
        return total

    def predict(self, rows: Rows) -> np.ndarray:
        """Return each text's probabilities: of its highest window in a multilabel task, else the mean over windows."""
        self.net.eval()
        scores = np.zeros((len(rows.ids), self.net.head.out_features), dtype=np.float32)
        with self.torch.no_grad():
            for batch in batches(rows.lengths):
                scores[batch] = self._scores(rows, batch)[:, : scores.shape[1]].cpu().numpy()
        return window_probabilities(scores, rows.owner, len(rows.y), self.multilabel)

    def keep(self) -> None:
        """Remember the present weights as the best."""
        self.best = {name: tensor.detach().cpu().clone() for name, tensor in self.net.state_dict().items()}

    def take_best(self) -> None:
        """Go back to the best weights, if any were remembered."""
        if self.best:
            self.net.load_state_dict(self.best)

    def weights(self) -> dict[str, np.ndarray]:
        """Return the present weights by name, float32."""
        return {name: tensor.detach().float().cpu().numpy() for name, tensor in self.net.state_dict().items()}

    def tensors(self) -> dict[str, np.ndarray]:
        """Return all that a training needs to go on: weights, best weights, and AdamW's moments."""
        found = {f"net.{name}": tensor for name, tensor in self.net.state_dict().items()}
        found |= {f"best.{name}": tensor for name, tensor in self.best.items()}
        for name, parameter in self.net.named_parameters():
            for key, tensor in self.optimiser.state.get(parameter, {}).items():
                found[f"adam.{key}.{name}"] = tensor
        return {name: np.ascontiguousarray(tensor.detach().cpu().numpy()) for name, tensor in found.items()}

    def restore(self, tensors: dict[str, np.ndarray]) -> bool:
        """Take up such tensors again; return False, and change nothing, if they are of another network."""
        parts: dict[str, dict[str, Any]] = {"net": {}, "best": {}, "adam": {}}
        for name, array in tensors.items():
            kind, _, rest = name.partition(".")
            parts[kind][rest] = self.torch.from_numpy(array.copy())
        if {name: tensor.shape for name, tensor in parts["net"].items()} != {
            name: tensor.shape for name, tensor in self.net.state_dict().items()
        }:
            return False
        self.net.load_state_dict(parts["net"])
        self.best = parts["best"]
        for name, parameter in self.net.named_parameters():
            moments = {
                key.partition(".")[0]: tensor for key, tensor in parts["adam"].items() if key.partition(".")[2] == name
            }
            if moments:
                step = moments.pop("step")
                self.optimiser.state[parameter] = {
                    "step": step,
                    **{key: tensor.to(parameter.device) for key, tensor in moments.items()},
                }
        return True

    def _scores(self, rows: Rows, batch: np.ndarray) -> Any:
        width = int(max(len(rows.ids[at]) for at in batch))
        ids, mask, kinds = (np.zeros((len(batch), width), dtype=np.int64) for _ in range(3))
        for row, at in enumerate(batch):
            n = len(rows.ids[at])
            ids[row, :n], mask[row, :n], kinds[row, :n] = rows.ids[at], 1, rows.kinds[at]
        tensors = [self.torch.from_numpy(each).to(self.device) for each in (ids, mask, kinds)]
        with self.torch.autocast(self.device.partition(":")[0], self.half, enabled=self.half is not None):
            scores = self.net(*tensors)
        return scores.float()  # of the labels, and then of what else is learned

    def _loss(self, rows: Rows, batch: np.ndarray) -> Any:
        """Return the sum of the rows' losses."""
        functional = self.torch.nn.functional
        n_labels, smooth = rows.y.shape[1], self.settings.label_smoothing
        scores, *others = self._scores(rows, batch).split([n_labels, *self.sizes], dim=1)
        truth = self.torch.from_numpy(rows.y[rows.owner[batch]]).to(self.device)
        known = truth >= 0
        truth = truth * (1 - smooth) + smooth / (2 if self.multilabel else n_labels)
        share = self.torch.from_numpy(rows.share[batch]).to(self.device)
        if self.multilabel:
            cells = functional.binary_cross_entropy_with_logits(
                scores, truth, pos_weight=self.label_weight, reduction="none"
            )
            each = (cells * known).mean(dim=1)
        else:
            each = -(truth * self.label_weight * functional.log_softmax(scores, dim=1)).sum(dim=1)
        codes = self.torch.from_numpy(rows.side[rows.owner[batch]]).to(self.device)
        for column, found in enumerate(others):
            extra = functional.cross_entropy(found, codes[:, column], ignore_index=UNKNOWN, reduction="none")
            each = each + self.settings.auxiliary_weight * extra
        return (each * share).sum()

    def _rate(self, step: int, steps: int) -> None:
        """Set the learning rate: up over the warm-up, then down to 0 in a straight line."""
        warm = self.settings.warmup * steps
        factor = min((step + 1) / max(warm, 1), (steps - step) / max(steps - warm, 1))
        for group in self.optimiser.param_groups:
            group["lr"] = group["top"] * min(factor, 1.0)

    def _groups(self) -> list[dict[str, Any]]:
        """Return the parameters by layer, each with its highest learning rate: head and last layer learn fastest."""
        layers = int(getattr(self.net.encoder.config, "num_hidden_layers", 0))
        groups: dict[int, list[Any]] = {}
        for name, parameter in self.net.named_parameters():
            parts = name.split(".")
            inner = next((int(part) for part in parts if part.isdigit()), None)
            depth = layers if parts[0] in ("head", "side") or "pooler" in parts else -1 if inner is None else inner
            groups.setdefault(depth, []).append(parameter)
        rate, decay = self.settings.learning_rate, self.settings.layer_decay
        return [
            {"params": found, "top": rate * decay ** max(layers - 1 - depth, 0), "lr": 0.0}
            for depth, found in sorted(groups.items())
        ]


def _network(folder: Path, n_labels: int, settings: EncoderSettings, n_side: int = 0) -> Any:
    torch = need("torch", "encoder")
    encoder = load_encoder(folder)
    kinds_told = takes_kinds(encoder)

    class Network(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder
            self.dropout = torch.nn.Dropout(settings.dropout)
            self.head = torch.nn.Linear(int(encoder.config.hidden_size), n_labels)
            self.side = torch.nn.Linear(int(encoder.config.hidden_size), n_side) if n_side else None

        def forward(self, ids: Any, mask: Any, kinds: Any) -> Any:
            more = {"token_type_ids": kinds} if kinds_told else {}
            hidden = self.encoder(input_ids=ids, attention_mask=mask, **more).last_hidden_state
            if settings.pooling == "cls":
                pooled = hidden[:, 0]
            else:
                weight = mask.unsqueeze(-1).to(hidden.dtype)
                pooled = (hidden * weight).sum(dim=1) / weight.sum(dim=1)
            pooled = self.dropout(pooled)
            scores = self.head(pooled)
            return scores if self.side is None else torch.cat([scores, self.side(pooled)], dim=1)

    return Network()


def _label_weights(y: np.ndarray, kind: str, multilabel: bool) -> np.ndarray:
    """Return what each label's positives (in a multiclass task: rows) count, shape (n_labels,), float32."""
    known = y >= 0
    count = np.maximum((y * known).sum(axis=0), 1)
    power = {"none": 0.0, "sqrt": 0.5, "balanced": 1.0}[kind]
    if multilabel:
        return np.asarray(
            (np.maximum(known.sum(axis=0).astype(count.dtype) - count, 1) / count) ** power, dtype=np.float32
        )
    weight = (1 / count) ** power
    return np.asarray(weight * len(y) / (weight * count).sum(), dtype=np.float32)  # the mean row counts 1


def _score(y: np.ndarray, probabilities: np.ndarray, multilabel: bool) -> float:
    if multilabel:
        decided = [(truth[truth >= 0], scores[truth >= 0]) for truth, scores in zip(y.T, probabilities.T, strict=True)]
        return float(np.mean([average_precision_score(*label) for label in decided if label[0].any()]))
    return float(f1_score(y.argmax(axis=1), probabilities.argmax(axis=1), average="macro"))


def _device(wanted: str) -> str:
    torch = need("torch", "encoder")
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return next(name for name, available in there.items() if available)
    if not there[wanted.partition(":")[0]]:
        raise EncoderError(f"classifier.device={wanted}: PyTorch sees no such device here; take auto or cpu")
    return wanted


def _half(torch: Any, device: str) -> Any:
    """Return bfloat16 where the processor computes with it (it halves the time), else None."""
    if device.startswith("cuda"):
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else None
    if device == "cpu" and hasattr(torch.cpu, "get_capabilities"):
        found = torch.cpu.get_capabilities()
        return torch.bfloat16 if found.get("avx512_bf16") or found.get("amx_bf16") else None
    return None


def _files(
    folder: Path, tokenizer: str, encoder: dict[str, np.ndarray], head: tuple[np.ndarray, np.ndarray]
) -> dict[str, bytes]:
    """Return the trained encoder as transformers writes one, and the head beside it."""
    save = need("safetensors.numpy", "onnx").save
    files = {
        "config.json": (folder / "config.json").read_bytes(),
        "tokenizer.json": tokenizer.encode(),
        "model.safetensors": save(encoder, metadata={"format": "pt"}),
        "head.safetensors": save({"weight": head[0], "bias": head[1]}),
    }
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        if (folder / name).is_file():
            files[name] = (folder / name).read_bytes()
    return files
