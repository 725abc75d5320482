"""Fine-tunes an encoder with PyTorch: one loop, the same on CPU and GPU, that goes on where it was stopped."""

import json
import time
from collections.abc import Callable, Sequence
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
from features.encoder.export import keep_layers, load_encoder, takes_kinds, torch_graph
from features.encoder.graph import classifier_model
from features.encoder.runner import TOKENS, batches, pool_windows
from features.encoder.weights import find_encoder, longest_input, read_config, read_tokenizer

_CLIP = 1.0  # longest gradient of a step; keeps the first steps from wrecking the encoder
_CARD_BATCH = 128  # rows a step with ``batch_size: auto`` on a card, which smaller ones leave idle
_CPU_BATCH = 32
_KEEP_SECONDS = (
    30.0  # of training that a kill may cost: on a card an epoch takes less time than its state takes to write
)
_CARD_TOKENS = 65536  # tokens a batch when a card predicts


@dataclass(frozen=True)
class Trained:
    """What a training leaves: the float32 graph, tokenizer, tokens read at once, each epoch's scores, weight files.

    After a training on a card also the network there, which reads a hundred times faster than the graph does.
    """

    model: bytes
    tokenizer: str
    max_length: int
    history: list[dict[str, float]]
    files: dict[str, bytes]
    learner: "Learner | None" = None


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
    if settings.layers:
        config = {**config, "num_hidden_layers": settings.layers}
    length = min(settings.max_length, longest_input(config))
    device = find_device(settings.device)
    settings = sized(settings, device)
    side, sizes = auxiliary_codes(auxiliary, len(texts))
    learner = Learner(settings, folder, y, multilabel, seed, device, sizes)
    rows = read_rows(tokenizer, length, texts, y, side)
    held = None if validation is None else read_rows(tokenizer, length, *validation)
    checkpoint = Checkpoint(
        training_digest(settings.model_dump(), texts, y, validation, multilabel, seed, folder, auxiliary)
    )
    remedy = (
        f"classifier.accumulate={2 * settings.accumulate} (the same result in smaller parts), or a smaller "
        "classifier.max_length or model"
    )
    history = run_epochs(learner, rows, held, checkpoint, remedy)
    weights = learner.weights()
    head = weights.pop("head.weight"), weights.pop("head.bias")
    encoder = {name.removeprefix("encoder."): each for name, each in weights.items() if name.startswith("encoder.")}
    graph = own_graph(config, encoder) or torch_graph(learner.net.encoder)
    model = classifier_model(graph, settings.pooling, *head)
    files = _files(folder, config, tokenizer, encoder, head)
    return Trained(model, tokenizer, length, history, files, learner if device != "cpu" else None)


def run_epochs(
    learner: "Learner", rows: Rows, held: Rows | None, checkpoint: Checkpoint, remedy: str
) -> list[dict[str, float]]:
    """Train until the last epoch, or until validation rows say that it gets no better, and go back to the best.

    Parameters
    ----------
    learner : Learner
        What is trained; its settings say for how many epochs.
    rows, held : Rows
        To train on, and to choose the best epoch on; without the latter the last one is kept.
    checkpoint : Checkpoint
        Where a training that was stopped goes on from.
    remedy : str
        What to set when memory runs out.

    Returns
    -------
    list of dict
        For each epoch its training loss and, with validation rows, its validation score.

    Raises
    ------
    EncoderError
        If memory runs out.
    """
    settings = learner.settings
    state: dict[str, Any] = {"epoch": 0, "best": None, "best_epoch": 0, "history": [], "done": False}
    if (kept := checkpoint.read()) is not None and learner.restore(kept[0]):
        state = kept[1]
    known, written = state["done"], time.monotonic()
    steps = -(-len(rows.ids) // learner.size)
    try:
        with Progress(settings.epochs * steps, state["epoch"] * steps, state["done"]) as progress:
            while not state["done"]:
                epoch = state["epoch"]
                loss = learner.epoch(rows, epoch, progress)
                entry = {"epoch": epoch + 1, "loss": loss}
                if held is not None:
                    entry["validation"] = _score(held.y, learner.predict(held), learner.multilabel)
                    if state["best"] is None or entry["validation"] > state["best"]:
                        state.update(best=entry["validation"], best_epoch=epoch + 1)
                        learner.keep()
                state.update(epoch=epoch + 1, history=[*state["history"], entry])
                progress.note(entry)
                worse = 0 if held is None else epoch + 1 - state["best_epoch"]
                state["done"] = epoch + 1 == settings.epochs or worse >= settings.patience
                if not state["done"] and time.monotonic() - written >= _KEEP_SECONDS:
                    checkpoint.write(learner.tensors(), state)
                    written = time.monotonic()
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "memory" not in str(error).lower():
            raise
        raise EncoderError(
            f"out of memory while training with batches of {settings.batch_size}: set {remedy}"
        ) from None
    learner.finish()
    if not known:
        checkpoint.finish({f"net.{name}": tensor for name, tensor in learner.weights().items()}, state)
    return list(state["history"])


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


class Learner:
    """Encoder, head and optimiser, on the device they were trained on.

    ``build`` gives another network than an encoder: with a ``head`` of as many outputs as there are labels, of token
    numbers, mask and kinds.
    """

    def __init__(
        self,
        settings: EncoderSettings,
        folder: Path,
        y: np.ndarray,
        multilabel: bool,
        seed: int,
        device: str,
        sizes: Sequence[int] = (),
        build: Callable[[], Any] | None = None,
    ) -> None:
        self.torch = need("torch", "encoder")
        self.settings, self.multilabel, self.seed, self.device = settings, multilabel, seed, device
        self.size = int(settings.batch_size)
        self.torch.manual_seed(seed)
        self.sizes = list(sizes)
        self.net = (build() if build else _network(folder, y.shape[1], settings, sum(sizes))).to(device)
        fused = device.startswith("cuda")  # one kernel for all parameters, not several for each
        self.optimiser = self.torch.optim.AdamW(self._groups(), weight_decay=settings.weight_decay, fused=fused)
        self.label_weight = self.torch.tensor(_label_weights(y, settings.class_weight, multilabel), device=device)
        self.best: dict[str, Any] = {}
        self.half = _half(self.torch, device)

    def epoch(self, rows: Rows, number: int, progress: Progress) -> float:
        """See every row once; return the mean loss. What is random depends on the seed and the epoch alone."""
        settings, rng = self.settings, np.random.default_rng([self.seed, number])
        self.torch.manual_seed(self.seed * 1000 + number)
        self.net.train()
        dealt = deal(rows.lengths, self.size, rng)
        total = self.torch.zeros((), device=self.device)  # read once an epoch: each reading waits for the card
        for step, batch in enumerate(dealt):
            self._rate(number * len(dealt) + step, settings.epochs * len(dealt))
            for part in np.array_split(batch, min(settings.accumulate, len(batch))):
                loss = self._loss(rows, part) / len(batch)
                loss.backward()
                total += loss.detach() / len(dealt)
            self.torch.nn.utils.clip_grad_norm_(self.net.parameters(), _CLIP)
            self.optimiser.step()
            self.optimiser.zero_grad(set_to_none=True)
            progress.step()
        return float(total)

    def predict(self, rows: Rows, exact: bool = False) -> np.ndarray:
        """Return each text's probabilities: of its highest window in a multilabel task, else the mean over windows.

        ``exact`` ones are computed in float32, as the saved graph computes them.
        """
        self.net.eval()
        scores = np.zeros((len(rows.ids), self.net.head.out_features), dtype=np.float32)
        tokens = TOKENS if self.device == "cpu" else _CARD_TOKENS
        if exact:  # on a card to some four digits, at several times the speed of the last three
            self.torch.set_float32_matmul_precision("high")
        with self.torch.no_grad():
            for batch in batches(rows.lengths, tokens):
                found = self._scores(rows, batch, None if exact else self.half)
                scores[batch] = found[:, : scores.shape[1]].cpu().numpy()
        return window_probabilities(scores, rows.owner, len(rows.y), self.multilabel)

    def predict_texts(self, texts: Sequence[Any], tokenizer: str, length: int) -> np.ndarray:
        """Return the exact probabilities of n texts, or pairs, shape (n, n_labels), float64."""
        unknown = np.full((len(texts), self.net.head.out_features), -1, dtype=np.float32)
        return self.predict(read_rows(tokenizer, length, texts, unknown), exact=True)

    def keep(self) -> None:
        """Remember the present weights as the best."""
        self.best = {name: tensor.detach().cpu().clone() for name, tensor in self.net.state_dict().items()}

    def finish(self) -> None:
        """Go back to the best weights, if any were remembered, and free what only training needs."""
        if self.best:
            self.net.load_state_dict(self.best)
        self.best = {}
        self.optimiser.state.clear()

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

    def _scores(self, rows: Rows, batch: np.ndarray, half: Any) -> Any:
        width = int(max(len(rows.ids[at]) for at in batch))
        ids, mask, kinds = (np.zeros((len(batch), width), dtype=np.int64) for _ in range(3))
        for row, at in enumerate(batch):
            n = len(rows.ids[at])
            ids[row, :n], mask[row, :n], kinds[row, :n] = rows.ids[at], 1, rows.kinds[at]
        tensors = [self._there(each) for each in (ids, mask, kinds)]
        with self.torch.autocast(self.device.partition(":")[0], half, enabled=half is not None):
            scores = self.net(*tensors)
        return scores.float()  # of the labels, and then of what else is learned

    def _loss(self, rows: Rows, batch: np.ndarray) -> Any:
        """Return the sum of the rows' losses."""
        functional = self.torch.nn.functional
        n_labels, smooth = rows.y.shape[1], self.settings.label_smoothing
        scores, *others = self._scores(rows, batch, self.half).split([n_labels, *self.sizes], dim=1)
        truth = self._there(rows.y[rows.owner[batch]])
        known = truth >= 0
        truth = truth * (1 - smooth) + smooth / (2 if self.multilabel else n_labels)
        share = self._there(rows.share[batch])
        if self.multilabel:
            cells = functional.binary_cross_entropy_with_logits(
                scores, truth, pos_weight=self.label_weight, reduction="none"
            )
            each = (cells * known).mean(dim=1)
        else:
            each = -(truth * self.label_weight * functional.log_softmax(scores, dim=1)).sum(dim=1)
        codes = self._there(rows.side[rows.owner[batch]])
        for column, found in enumerate(others):
            extra = functional.cross_entropy(found, codes[:, column], ignore_index=UNKNOWN, reduction="none")
            each = each + self.settings.auxiliary_weight * extra
        return (each * share).sum()

    def _there(self, array: np.ndarray) -> Any:
        """Return an array as a tensor on the device; on its way to a card nobody waits for it."""
        tensor = self.torch.from_numpy(array)
        if self.device.startswith("cuda"):
            return tensor.pin_memory().to(self.device, non_blocking=True)
        return tensor.to(self.device)

    def _rate(self, step: int, steps: int) -> None:
        """Set the learning rate: up over the warm-up, then down to 0 in a straight line."""
        warm = self.settings.warmup * steps
        factor = min((step + 1) / max(warm, 1), (steps - step) / max(steps - warm, 1))
        for group in self.optimiser.param_groups:
            group["lr"] = group["top"] * min(factor, 1.0)

    def _groups(self) -> list[dict[str, Any]]:
        """Return the parameters by layer, each with its highest learning rate: head and last layer learn fastest."""
        config = getattr(getattr(self.net, "encoder", None), "config", None)
        layers = int(getattr(config, "num_hidden_layers", 0))
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
    if settings.layers:
        keep_layers(encoder, settings.layers)
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


def find_device(wanted: str) -> str:
    """Return the device that a config's ``device`` means here.

    Raises
    ------
    EncoderError
        If there is no such device.
    """
    torch = need("torch", "encoder")
    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    there = {"cuda": cards > 0, "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return next(name for name, available in there.items() if available)
    kind, _, number = wanted.partition(":")
    if not there[kind]:
        raise EncoderError(f"classifier.device={wanted}: PyTorch sees no such device here; take auto or cpu")
    if number and int(number) >= cards:
        known = "cuda:0" if cards == 1 else f"cuda:0 to cuda:{cards - 1}"
        raise EncoderError(f"classifier.device={wanted}: PyTorch sees {cards} graphics card(s) here: take {known}")
    return wanted


def sized(settings: EncoderSettings, device: str) -> EncoderSettings:
    """Return the settings with a number of rows a step, where they leave that to the device.

    A card takes larger steps, and then learns at a higher rate: with the square root of the size, which keeps Adam's
    path about the same.

    References
    ----------
    Malladi, S., Lyu, K., Panigrahi, A. & Arora, S. (2022). On the SDEs and scaling rules for adaptive gradient
    algorithms. NeurIPS.
    """
    if settings.batch_size != "auto":
        return settings
    size = _CARD_BATCH if device.startswith("cuda") else _CPU_BATCH
    rate = settings.learning_rate * (size / _CPU_BATCH) ** 0.5
    return settings.model_copy(update={"batch_size": size, "learning_rate": rate})


def _half(torch: Any, device: str) -> Any:
    """Return bfloat16 where the processor computes with it (it halves the time), else None."""
    if device.startswith("cuda"):
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else None
    if device == "cpu" and hasattr(torch.cpu, "get_capabilities"):
        found = torch.cpu.get_capabilities()
        return torch.bfloat16 if found.get("avx512_bf16") or found.get("amx_bf16") else None
    return None


def _files(
    folder: Path,
    config: dict[str, Any],
    tokenizer: str,
    encoder: dict[str, np.ndarray],
    head: tuple[np.ndarray, np.ndarray],
) -> dict[str, bytes]:
    """Return the trained encoder as transformers writes one, and the head beside it."""
    save = need("safetensors.numpy", "onnx").save
    files = {
        "config.json": (json.dumps(config, indent=2) + "\n").encode(),
        "tokenizer.json": tokenizer.encode(),
        "model.safetensors": save(encoder, metadata={"format": "pt"}),
        "head.safetensors": save({"weight": head[0], "bias": head[1]}),
    }
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        if (folder / name).is_file():
            files[name] = (folder / name).read_bytes()
    return files
