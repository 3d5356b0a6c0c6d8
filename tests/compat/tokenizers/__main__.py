"""tokenizers: a large PyO3 module with threads of its own; models made and trained in memory."""

import os
from importlib.metadata import version

import tokenizers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

print("tokenizers", tokenizers.__version__, version("tokenizers"), flush=True)
os.environ["TOKENIZERS_PARALLELISM"] = "true"
text = ["the frozen cat sat on the mat", "the dog sat on the frozen log", "größer ist besser"] * 20
tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
tokenizer.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents()])
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer.train_from_iterator(text, trainers.BpeTrainer(vocab_size=120, special_tokens=["[UNK]", "[CLS]"], show_progress=False))
tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A", special_tokens=[("[CLS]", 1)])
encoded = tokenizer.encode("The frozen mat, größer!")
print(encoded.tokens, encoded.ids[:1], encoded.offsets[:3])
print(tokenizer.get_vocab_size() <= 120, [len(item.ids) > 2 for item in tokenizer.encode_batch(text[:3])])
again = Tokenizer.from_str(tokenizer.to_str())
print(again.encode("dog log").ids == tokenizer.encode("dog log").ids, again.decode(again.encode("cat").ids))
words = Tokenizer(models.WordLevel({"a": 0, "b": 1, "?": 2}, unk_token="?"))
words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
words.decoder = decoders.ByteLevel()
print(words.encode("a").ids, pre_tokenizers.Metaspace().pre_tokenize_str("Hello, wörld"))
custom = pre_tokenizers.PreTokenizer.custom
for action in (lambda: Tokenizer.from_str("{"), lambda: Tokenizer.from_file("/missing.json"), lambda: models.BPE(vocab=3)):
    try:
        action()
    except Exception as error:
        print(type(error).__name__, str(error)[:70])
print(tokenizers.tokenizers.__name__, callable(custom))
