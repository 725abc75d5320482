"""Encoders of a few thousand weights, as transformers saves them: random, but of the real architectures."""

from pathlib import Path

WORDS = """
the a of to and in with for not have has denied rejected accused report attack attacked attacks
troops shelled rebels killed threatened war missile signed agreement agreed talks cooperation treaty
joint pact aid partners minister ministry said on monday friday river market weather quiet village
town people open school rain sun border capital claim claims false never allegations untrue baseless
fire army city again new two old .
"""


def small_encoder(folder: Path, architecture: str = "bert", layers: int = 2, places: int = 64) -> Path:
    """Write an encoder with its tokenizer to a folder and return the folder."""
    import torch
    import transformers
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    if architecture == "mpnet":  # whose padding token has the number 1
        special[:2] = special[1::-1]
    vocabulary = {word: number for number, word in enumerate([*special, *dict.fromkeys(WORDS.split())])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    torch.manual_seed(1)
    size = {"vocab_size": len(vocabulary), "pad_token_id": vocabulary["[PAD]"]}
    if architecture == "distilbert":
        config = transformers.DistilBertConfig(
            **size, dim=32, hidden_dim=64, n_layers=layers, n_heads=2, max_position_embeddings=places
        )
    else:
        known = {"bert": transformers.BertConfig, "mpnet": transformers.MPNetConfig}
        config = known[architecture](
            **size,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=layers,
            num_attention_heads=2,
            max_position_embeddings=places,
            initializer_range=0.3,
        )
    transformers.AutoModel.from_config(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder
