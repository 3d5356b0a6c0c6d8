<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:include href="item.xsl"/>
  <xsl:param name="title"/>
  <xsl:output omit-xml-declaration="yes"/>
  <xsl:template match="order">
    <list title="{$title}" units="{document('units.xml')/units/@name}"><xsl:apply-templates select="item"/></list>
  </xsl:template>
</xsl:stylesheet>
