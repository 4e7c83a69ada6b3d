"""A bank of everyday phrases that stand for the queries nobody has asked yet.

The background of text queries is estimated with them, and later the recall of
an index is. They name things, scenes, sounds and sayings of all sorts, because
a background is the score of pairs that do not belong together.
"""

from __future__ import annotations

_THINGS = """
a dog; a cat on a chair; a horse in a field; birds on a wire; a fish; an insect on a leaf; a
snake; an elephant; a child with a ball; a woman reading; a man on a bicycle; a crowd of people;
two friends talking; a baby asleep; a bride and groom; a portrait of an old man; hands; a smiling
face; a red car; a truck on the road; a bus; a train at the station; an aeroplane; a sailing boat;
a motorcycle; a bridge over a river; a tall building; a church; a castle; a small house; a
kitchen; a bedroom; an office; a classroom; a shop window; a street at night; a market; a
playground; a football match; a concert stage; a computer screen; a telephone; a camera; a book; a
newspaper; a map; a chart with numbers; a page of text; a receipt; a handwritten note; a
whiteboard; a clock; a lamp; a chair and a table; a bottle of wine; a cup of coffee; a plate of
food; a birthday cake; fresh fruit; vegetables; bread; a pizza; a bowl of soup; flowers in a vase;
a tree; a forest path; a mountain with snow; a beach; the sea; a lake; a waterfall; clouds; a
sunset; the moon; stars; rain; fog; fire; ice; a desert; a garden; grass; stones; sand; an island;
a cave; a volcano; a map of the world; a guitar; a piano; a violin; drums; a trumpet; a gun; a
hammer; a pair of scissors; a key; a box; a bag; a hat; shoes; a dress; a coat; glasses; a ring; a
toy; a doll; a painting; a statue; a flag; a sign; a logo; graffiti; a microscope picture of
cells; an x-ray; a satellite picture; a drawing; a cartoon; something red; something blue; a
pattern of lines; a black background; a blurred picture; a close-up of an eye
"""
_SOUNDS = """
a dog barking; a cat meowing; birdsong; a rooster; a cow; wind; rain on a roof; thunder; waves; a
river; footsteps; a door closing; a knock; a bell; an alarm; a siren; a car engine; a train
passing; a plane overhead; glass breaking; an explosion; a gunshot; applause; laughter; a crowd
cheering; a baby crying; a cough; whistling; music; a song; someone singing; a choir; a guitar
being played; a drum beat; a flute solo; a string quartet; an orchestra; typing; a telephone
ringing; a clock ticking; water running; a saw; a hammer; silence; noise; a hum; a beep
"""
_SAYINGS = """
good morning everyone; thank you very much; how are you today; what time is it; see you tomorrow;
I do not know; please leave a message after the tone; the meeting starts at nine; we need more
time; the results are better than last year; press one to continue; the number you have dialled;
welcome to the show; today we are going to talk about history; the price went up; turn left at the
corner; he said that it was over; in this lecture; once upon a time; the weather will be cloudy;
what do you think about it; happy birthday; be careful; it is raining; I love you; the president
of the country; a new study has shown; let us begin; that is not true; where did you put the keys
"""


def phrases() -> list[str]:
    """Return the bank, in a fixed order: things, sounds, sayings."""
    return [*thing_phrases(), *sound_phrases(), *listed(_SAYINGS)]


def thing_phrases() -> list[str]:
    """Return the phrases of the bank that name what is seen."""
    return listed(_THINGS)


def sound_phrases() -> list[str]:
    """Return the phrases of the bank that name what is heard."""
    return listed(_SOUNDS)


def listed(bank: str) -> list[str]:
    """Return the phrases of a text that a semicolon stands between."""
    return [phrase.strip() for phrase in bank.split(";")]


def saying_phrases() -> list[str]:
    """Return the phrases of the bank that are said."""
    return listed(_SAYINGS)
