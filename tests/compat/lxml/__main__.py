"""lxml: XPath, XSLT, a DTD, a Schematron schema opened by path from the package's own data."""

import os
from importlib.metadata import version
from pathlib import Path

import lxml
from lxml import etree, html, isoschematron, objectify

print("lxml", version("lxml"), etree.LXML_VERSION, etree.LIBXML_VERSION, etree.LIBXSLT_VERSION, flush=True)
HERE = Path(__file__).parent

parser = etree.XMLParser(load_dtd=True, resolve_entities=True)
document = etree.parse(str(HERE / "order.xml"), parser)
print("xpath", document.xpath("//item/@code"), document.xpath("sum(//item/@price)"), document.docinfo.doctype)
print("find", [item.text for item in document.iterfind(".//item")], document.getroot().find("note").text)

validated = etree.parse(HERE / "order.xml", etree.XMLParser(dtd_validation=True, resolve_entities=True))
print("dtd beside the document", validated.getroot().find("note").text, validated.getroot().get("state"))
dtd = etree.DTD(str(HERE / "order.dtd"))
print("dtd by path", dtd.validate(document), [element.name for element in dtd.elements()])
broken = etree.fromstring("<order><item/></order>")
print(dtd.validate(broken), dtd.error_log.filter_from_errors()[0].message)

style = etree.XSLT(etree.parse(str(HERE / "order.xsl")))
print("xslt with an include and document()", str(style(document, title="'Order'")).strip())

folder = Path(lxml.__file__).parent / "isoschematron/resources/xsl"
print("package data", sorted(os.listdir(folder)))
identity = etree.XSLT(etree.parse(str(folder / "XSD2Schtrn.xsl")))
print("package stylesheet", type(identity).__name__)
schema = isoschematron.Schematron(etree.parse(str(HERE / "order.sch")), store_report=True)
print("schematron", schema.validate(document), schema.validate(broken))
relax = etree.RelaxNG(etree.fromstring('<element name="a" xmlns="http://relaxng.org/ns/structure/1.0"><text/></element>'))
print("relaxng", relax.validate(etree.fromstring("<a>x</a>")), relax.validate(etree.fromstring("<b/>")))
xsd = etree.XMLSchema(file=str(HERE / "order.xsd"))
print("xsd with an include", xsd.validate(document), xsd.validate(broken), xsd.error_log.last_error.message)

page = html.fromstring("<p>One<br>Two <a href='/x'>link</a><p>Thrée")
page.make_links_absolute("http://example.org/")
print("html", html.tostring(page, encoding="unicode"), list(page.iterlinks())[0][2])
tree = objectify.fromstring("<r><n>5</n><n>6</n></r>")
print("objectify", tree.n[1] + 1, objectify.dump(tree).splitlines()[0])
for action in (lambda: etree.fromstring("<a><b></a>"), lambda: etree.parse(str(HERE / "missing.xml")), lambda: document.xpath("//[")):
    try:
        action()
    except (etree.Error, OSError) as error:
        print(f"{type(error).__name__}: {str(error).replace(str(HERE), 'HERE')}")
for _, element in etree.iterparse(str(HERE / "order.xml"), tag="item", load_dtd=True, resolve_entities=True):
    print("iterparse", element.get("code"))
