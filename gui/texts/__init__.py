"""Every English word of the window, in one place, ready to be translated.

Those that the phone page shows too are in `engine.words`.

`gui.texts.wording` puts values into these words.
"""

from engine.words import *
from gui.texts.panels import *
from gui.texts.play import *
from gui.texts.steps import *
from gui.texts.window import *
