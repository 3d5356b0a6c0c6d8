<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:template match="item"><i><xsl:value-of select="concat(@code, '=', @price * 2)"/></i></xsl:template>
</xsl:stylesheet>
