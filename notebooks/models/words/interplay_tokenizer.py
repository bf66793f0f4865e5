from transformers import PreTrainedTokenizerFast


class InterplayTokenizer(PreTrainedTokenizerFast):
    """Reads tokenizer.json as it stands."""
