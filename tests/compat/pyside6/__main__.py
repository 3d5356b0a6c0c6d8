"""PySide6 without a screen: Qt's libraries, its platform plugin found by path, signals, painting, the meta-object system."""

import os
from importlib.metadata import version

os.environ["QT_QPA_PLATFORM"] = "offscreen"
from PySide6 import QtCore, QtGui, QtNetwork, QtWidgets

print("PySide6", version("PySide6-Essentials"), QtCore.qVersion(), flush=True)
application = QtWidgets.QApplication([])
print(application.platformName(), QtWidgets.QStyleFactory.keys(), len(QtGui.QImageReader.supportedImageFormats()) > 3)


class Window(QtWidgets.QWidget):
    """A window with a button and a signal of its own."""

    said = QtCore.Signal(str, int)

    def __init__(self):
        super().__init__()
        self.button = QtWidgets.QPushButton("Größe", self)
        self.button.clicked.connect(lambda: self.said.emit("clicked", 3))
        layout = QtWidgets.QVBoxLayout(self)
        layout.addWidget(self.button)
        self.resize(120, 60)


window = Window()
window.said.connect(lambda *words: print("signal", words))
window.show()
window.button.click()
image = window.grab().toImage()
print(image.width(), image.height(), window.metaObject().className(), window.isVisible())
QtCore.QTimer.singleShot(10, application.quit)
print("loop", application.exec())
buffer = QtCore.QBuffer()
buffer.open(QtCore.QIODevice.OpenModeFlag.WriteOnly)
print(image.save(buffer, "PNG"), bytes(buffer.data())[:4], QtNetwork.QSslSocket.supportsSsl())
svg = QtGui.QImage.fromData(b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>')
print("svg plugin", svg.width(), QtCore.QJsonDocument.fromJson(b'{"a": [1]}').object(), QtCore.QLocale("de_DE").toString(1234.5))
