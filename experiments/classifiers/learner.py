"""A network in training: its steps, what it says of texts, and its state, which a stopped training takes up again."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit, softmax

from experiments.classifiers.device import half_precision
from experiments.classifiers.encoder_settings import EncoderSettings
from experiments.classifiers.progress import Progress
from experiments.classifiers.training_rows import UNKNOWN, Rows, deal, read_rows
from features.encoder.errors import need
from features.encoder.export import keep_layers, load_encoder, takes_kinds
from features.encoder.runner import TOKENS, batches, pool_windows

_CLIP = 1.0  # longest gradient of a step; keeps the first steps from wrecking the encoder
_CARD_TOKENS = 65536  # tokens a batch when a card predicts


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
        self.half = half_precision(self.torch, device)

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
