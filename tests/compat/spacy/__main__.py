"""spaCy: blank pipelines in several languages, with thinc, blis and murmurhash in Cython."""

from importlib.metadata import version

import spacy
from spacy.matcher import Matcher
from spacy.tokens import DocBin

print("spacy", version("spacy"), "thinc", version("thinc"), flush=True)
for name, text in (("en", "Dr. Smith's dog didn't cost $3.50."), ("de", "Das ist z.B. größer."), ("fr", "L'été n'est pas là.")):
    pipeline = spacy.blank(name)
    print(name, [token.text for token in pipeline(text)])
pipeline = spacy.blank("en")
pipeline.add_pipe("sentencizer")
pipeline.add_pipe("entity_ruler").add_patterns([{"label": "ORG", "pattern": "Frozen Foods"}])
document = pipeline("I bought peas. Frozen Foods made them.")
print([sentence.text for sentence in document.sents], [(entity.text, entity.label_) for entity in document.ents])
matcher = Matcher(pipeline.vocab)
matcher.add("BUY", [[{"LOWER": "bought"}, {"IS_ALPHA": True}]])
print([document[start:end].text for _, start, end in matcher(document)], document[0].lex.norm_, hash(document[1]) != 0)
print(len(list(DocBin(docs=[document]).from_bytes(DocBin(docs=[document]).to_bytes()).get_docs(pipeline.vocab))))
print(pipeline.pipe_names, spacy.explain("ORG"))
