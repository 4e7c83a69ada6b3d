"""Words for what people look for in pictures and sounds, to which slips of typing are mended."""

from __future__ import annotations

from functools import cache

_WORDS = """
aardvark accordion acorn adult airplane airport airship album alligator almond alphabet ambulance
anchor angel animal antelope antique apartment applause apple apricot aquarium archery
architecture armadillo armchair artichoke artist asparagus astronaut athlete aubergine audience
autumn avocado backpack bacon badger badminton bagpipe bakery balcony ballerina ballet balloon
bamboo banana bandage banjo banquet barbecue barbershop barking barn barrel baseball basket
basketball bathroom bathtub battery beach beard beaver bedroom beetle bench bicycle billboard
binoculars birch bird birthday biscuit bison blackberry blackboard blanket blender blossom
blueberry boarding boat bonfire bookcase bookshelf boots bottle bouquet bowling bowtie bracelet
branch bread breakfast bride bridge briefcase broccoli broom brownie bucket buffalo building
bulldog bulldozer burger butter butterfly button cabbage cabin cabinet cactus cafeteria cage
calculator calendar camel camera campfire camping candle canoe canyon captain caravan carnival
carpet carriage carrot cartoon cashier casserole castle caterpillar cathedral cattle cauliflower
celebration celery cello cemetery ceremony chair champagne chandelier cheering cheese cheesecake
cheetah chef cherry chess chestnut chicken children chimney chimpanzee chipmunk chocolate choir
chopsticks christmas church cinema circus clarinet classroom cliff climbing clock clothes cloud
clover clown coastline cockatoo cockroach coconut coffee coins collage collar computer concert
container cookie cooking coral corgi corridor costume cottage cotton couch cowboy coyote crab
crane crayon crayons creek cricket crocodile croissant crossing crossroads crow crowd crown cruise
crying cucumber cupboard cupcake curtain cushion cutlery cycling cyclist daffodil daisy dalmatian
dancer dancing dandelion dentist desert dessert dinosaur diploma dishes dishwasher diving doctor
dolphin donkey donut doughnut dragon dragonfly drawer drawing driving drone drums duckling dungeon
eagle earring earrings easel easter eclipse eggplant elephant elevator embroidery engine engineer
envelope escalator espresso excavator explosion eyeglasses factory falcon family farmer feather
fence ferret ferry festival fiddle field fireplace firetruck firework fireworks fishing flamingo
flashlight flower flowers flute football footprint footsteps forest fountain fox freckles freeway
freezer fridge frog fruit fungus furniture galaxy gallery garage garbage garden garlic gazebo
gazelle gecko geese ghost giraffe glacier glass glasses gloves goalkeeper goat goggles goldfish
gondola goose gorilla graduation graffiti grandfather grandma grandmother grandpa grapefruit
grapes grass grasshopper gravestone greenhouse guinea guitar gymnast gymnastics haircut hallway
hammer hammock hamster handbag handshake handwriting harbor harbour harmonica harp harvest
hedgehog helicopter helmet highway hiking hippopotamus hockey holiday honey honeycomb horse
horseshoe hospital hotel house hummingbird hurricane husky hydrant iceberg icecream icicle iguana
insect instrument invitation invoice island jacket jackhammer jaguar jeans jellyfish jewelry
jigsaw jogging jungle kangaroo karaoke karate kayak kettle keyboard kindergarten kingfisher
kitchen kitten kiwi koala ladder ladybird ladybug lagoon lantern laptop laughing laughter laundry
lavender leopard letter lettuce library lighthouse lightning lily lizard llama lobster locker
locomotive lollipop luggage lunch lynx macaroni machine magazine magician magnet mailbox mandarin
mandolin mango manuscript maple marathon market marriage mascot meadow meatball meerkat meeting
melon mermaid meteor microphone microscope microwave military milkshake mirror mobile monkey
monster monument moose mosaic mosque mosquito motel moth motorbike motorcycle mountain mountains
mouse moustache muffin mural museum mushroom musician mustache mustard necklace needle newspaper
notebook nurse octopus office omelette onion orange orangutan orchard orchestra orchid ostrich
otter oven owl oxygen oyster package paddle painter painting pajamas palace palm pancake pancakes
panda pants parachute parade parakeet parking parrot party passenger passport pasta peach peacock
peanut pebbles pelican penguin people pepper perfume phone piano pickle picnic pigeon pillow pilot
pineapple pirate pizza plane planet plant plate platypus playground plum police policeman
pomegranate popcorn poppy popsicle porcelain porcupine portrait possum postcard poster potato
pottery pregnant present princess printer propeller puddle puffin pumpkin puppet puppy puzzle
pyramid quilt rabbit raccoon racket radio radish railway rainbow raincoat raspberry receipt recipe
referee reflection refrigerator reindeer reptile restaurant rhinoceros rhubarb ribbon rifle river
robot rocket rooftop rooster rowing rugby runway sailboat sailing salad salamander salmon sandals
sandcastle sandwich saxophone scaffolding scarecrow scarf schedule school scissors scooter
scorpion screenshot sculpture seagull seahorse seaweed selfie shark sheep shelf shepherd shipwreck
shopping shoulder shovel shower shrimp signature singer singing siren skateboard skateboarding
skater skating skeleton sketch skiing skull skyline skyscraper sleeping slippers sloth smiling
snail snake sneaker sneakers snoring snow snowball snowboard snowboarding snowflake snowman
snowmobile soccer soldier spaceship spaghetti sparrow spider spinach sponge spoon squash squid
squirrel stadium staircase stairs starfish statue stethoscope stingray stork strawberries
strawberry stream street streetlight submarine suitcase sunflower sunglasses sunrise sunset
supermarket surfboard surfer surfing sushi swallow swan sweater swimmer swimming swing sword
tambourine tattoo teacher teapot teddy telephone telescope television temple tennis thermometer
thunder thunderstorm ticket tiger toast toaster toddler toilet tomato tomatoes toothbrush tornado
tortoise toucan tower tractor traffic trailer train trampoline treadmill treasure treehouse
triangle tricycle trombone trophy truck trumpet tulip tunnel turkey turnip turtle tuxedo
typewriter umbrella underwater unicorn uniform university vacuum valley vampire vegetable
vegetables vehicle village vineyard violin volcano volleyball vulture waffle walking wallet walnut
walrus wardrobe warehouse warthog washing watch waterfall watermelon weasel wedding whale wheat
wheel wheelbarrow wheelchair whisky whistle whistling whiteboard wildflower windmill window
windsurfing winter witch wolf woman women woodpecker workshop wrench wrestling xylophone yacht
yoga zebra zeppelin zucchini
"""


@cache
def everyday_words() -> frozenset[str]:
    """Return the words, in lower case."""
    return frozenset(_WORDS.split())
