"""Phrases that name what is seen, and phrases that name what is heard.

The bank of phrases has some of each, by which it is known what a score says. To tell both sorts
apart takes more: what people and animals do can be seen, and its name ends as that of a sound
does; and single words name things more often than they name sounds.
"""

from __future__ import annotations

from engine.query.calibration.phrases import listed, sound_phrases, thing_phrases

_DONE = """
a dog running on a beach; two dogs playing with a ball; a puppy asleep in a basket; a cat looking
out of a window; a kitten climbing a curtain; horses grazing; a rider jumping over a fence; cows
standing in a meadow; sheep on a hill; ducks swimming on a pond; a bird sitting on a branch; birds
flying in the sky; a lion lying in the shade; an elephant drinking; a bear eating a fish; a frog
on a leaf; a bee on a flower; people walking in the street; a man riding a motorcycle; a woman
smiling; a girl eating ice cream; children playing football; a boy flying a kite; a family at
dinner; a man reading a newspaper; a woman using a laptop; a man holding a phone; a person cooking
in a kitchen; someone cutting vegetables; a group of friends posing; a couple dancing; a man
playing tennis; skiers going down a slope; a surfer riding a wave; a skateboarder doing a trick; a
man fishing; people waiting at a bus stop; a crowd at a market; a man playing the guitar; a girl
at the piano; a band on a stage; a car parked by the road; cars driving on a motorway; a train
standing at a platform; a plane taking off; a boat sailing on a lake; a fire engine in front of a
house; a police car; a bus turning a corner; a helicopter in the sky; smoke rising from a chimney;
snow falling on a village; rain on a window; waves on a beach; a waterfall in a forest; leaves
falling; a campfire at night; a thunderstorm over a city; a church on a hill; an open door; a bell
in a tower; an alarm clock on a table; a typewriter; a telephone on a desk; a golden retriever; a
black cat; a brown horse; a baby in a pram; an old man with a hat; a football player; a singer
with a microphone; a drummer; a woman laughing at a joke; a child crying; a man sleeping on a
couch; a person sneezing into a handkerchief; a hunter with a gun; a carpenter at work; a workman
with a drill; a chainsaw on the ground; a hammer and nails
"""
_NAMED = """
poodle; zebra; kangaroo; squirrel; parrot; eagle; shark; butterfly; a spider; tractor; ambulance;
bicycle; canoe; backpack; umbrella; sofa; desk; mug; teapot; banana; mushroom; daisy; palm tree;
lighthouse; pier; skyscraper; windmill; sunglasses; suitcase; tent; fountain; vase; candle;
helmet; sandals; kimono; hedgehog; penguin; pandas; deer; turtle; goldfish; sports car; van;
rowing boat; rocket; robot; screwdriver; sewing machine; microwave oven; refrigerator; bathtub;
bookshelf; mailbox; traffic light; barn; temple; pyramid; dam; vineyard; glacier; cliff; moss;
fern; rose; sunflower; apple; lemons; cheese; sandwich; wedding; soldier; nurse; dancer;
astronaut; clown
"""
_HEARD = """
barking; a bark; dogs howling; a puppy whining; meowing; a purr; a rooster crowing; hens clucking;
a cow mooing; sheep bleating; a horse neighing; a pig grunting; a lion's roar; an elephant
trumpeting; wolves howling; a frog croaking; bees buzzing; crickets chirping; birds singing; an
owl hooting; ducks quacking; a snake hissing; the sound of an engine; an engine starting; a motor
running; a motorcycle revving; a car honking; tyres screeching; a train whistle; a jet taking off,
heard from below; the noise of a helicopter; a chainsaw; drilling; hammering; sawing wood; an
electric shaver; a vacuum cleaner humming; a washing machine spinning; snoring; coughing;
sneezing; breathing; a sigh; a scream; crying; giggling; whispering; a murmur; someone speaking; a
man's voice; a woman singing; humming a tune; clapping hands; cheers; booing; knocking on wood; a
creaking door; keys jingling; coins clinking; footsteps on gravel; water dripping; a toilet
flushing; a bubbling stream; the crackle of a fire; a howling wind; a clap of thunder; heavy rain,
the sound of it; surf; an echo; church bells; a doorbell; a ringtone; beeping; a buzzer; a dial
tone; static; white noise; a gong; chimes; a violin playing; piano notes; a trumpet fanfare; a
guitar solo; a bass line; a kick drum; a cymbal crash; a drum loop; techno; a lullaby; a jingle;
sound effects; a recording of birds
"""


def seen_phrases() -> list[str]:
    """Return phrases that name what is seen, those of the bank first."""
    return [*thing_phrases(), *listed(_DONE), *listed(_NAMED)]


def heard_phrases() -> list[str]:
    """Return phrases that name what is heard, those of the bank first."""
    return [*sound_phrases(), *listed(_HEARD)]
