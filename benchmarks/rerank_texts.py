"""Moments in words, and questions about them, made up for the choice of a weight.

The words are what speech, text on screen, tags and names of files read like. They are
nobody's media, and nothing that another benchmark measures.
"""

from __future__ import annotations

MOMENTS: dict[str, str] = {
    "leak": "So the pipe under the sink was dripping again and I put a bucket there, the"
    " plumber says Thursday at the earliest. kitchen_call.m4a",
    "garden": "Now in spring you cut the roses back hard, down to the third eye, and you feed"
    " them with compost. garden tour part 2.mp4",
    "roses": "rose, daisy, pot, bee. IMG_2291.jpg",
    "exam": "The final exam covers chapters four to nine, bring a calculator, no phones in the"
    " room. lecture_11.mp4",
    "chapters": "CHAPTER 4 Heat and Work. CHAPTER 5 Entropy. Figure 5.2 a heat engine."
    " slides_thermo.png",
    "engine": "The engine makes a knocking noise when it is cold, and it smells of oil after"
    " the motorway. voice memo 14.m4a",
    "enginepic": "car engine, radiator grille, oil filter. garage.jpg",
    "flight": "Ladies and gentlemen, we are now beginning our descent, please fasten your seat"
    " belts and put your tables up. landing.mov",
    "gate": "BOARDING GATE B42 CLOSES 18:25 ZURICH LX 1953. IMG_5520.heic",
    "plane": "airliner, wing, cloud. window seat.jpg",
    "birthday": "Happy birthday to you, happy birthday dear Anna. Blow out the candles!"
    " anna turns six.mov",
    "cake": "candle, chocolate cake, plate. DSC_0042.jpg",
    "recipe": "Fold the egg whites in slowly, then forty minutes in the oven at a hundred and"
    " eighty degrees, and do not open the door. sponge.mp4",
    "invoice": "INVOICE No. 2231 Amount due 480.00 EUR payable within 14 days. scan003.tif",
    "lease": "TENANCY AGREEMENT The tenant shall pay the rent on the first working day of each"
    " month. lease signed.pdf.png",
    "budget": "We are twelve percent over on travel, so I would like every team to cancel what"
    " is not booked yet. q3 review.m4a",
    "hire": "I liked her, she asked good questions, and she has run a warehouse before. Let us"
    " make her an offer. interview notes.m4a",
    "warehouse": "forklift, crate, shelf. hall3.jpg",
    "dog": "Labrador retriever, beach, tennis ball. summer 14.jpg",
    "bark": "dog bark, door slam, footsteps. yard_night.wav",
    "vet": "He has not eaten since Sunday, and the left ear is hot. We will give him"
    " antibiotics for a week. vet visit.m4a",
    "puppy": "Come here! Good boy. Sit. Sit! No, give me the shoe back. VID_20230411.mp4",
    "rain": "rain, thunder, wind. balcony.wav",
    "storm": "The storm has taken down the lines on the coast road, and eleven thousand homes"
    " have no power this evening. radio clip 7.mp3",
    "candles": "candle, torch, darkness. IMG_0091.jpg",
    "choir": "choir, organ, applause. advent concert.wav",
    "rehearsal": "Sopranos, you are flat in bar thirty. Once more from the letter C, and breathe"
    " before the high note. tuesday.m4a",
    "guitar": "electric guitar, amplifier. riff idea 3.wav",
    "lesson": "Put the first finger on the second fret, and strum down, down, up. That is a"
    " minor. guitar lesson 1.mp4",
    "goal": "And he turns, he shoots, it is in! Two one in the last minute, the whole stadium"
    " is on its feet. derby.mp4",
    "pitch": "soccer ball, goalpost, grass. saturday.jpg",
    "scores": "ROVERS 2 UNITED 1 FULL TIME. scoreboard.jpg",
    "summit": "mountain, alp, backpack, snow. ridge.jpg",
    "hike": "Four more hours to the hut, and the water is nearly gone. We should have turned"
    " round at the bridge. gopro_0032.mp4",
    "sign": "HUT 2 h SUMMIT 4 h 30 DANGER falling rocks. P1010077.jpg",
    "grandma": "We had one orange at Christmas, one for the five of us, and I remember the smell"
    " of it to this day. grandma tape 3.wav",
    "wedding": "I have known the groom since we were seven, and I have never seen him iron a"
    " shirt until today. toast.mov",
    "rings": "ring, veil, bouquet. 0417.jpg",
    "password": "Your password must have at least twelve characters. Sign in. Forgot?"
    " screenshot 2024-02-01.png",
    "error": "Fatal: disk full. 0 bytes left on /dev/sda1. Press any key. crash.png",
    "backup": "First thing every night the server copies everything to the tape, and on Friday"
    " somebody takes the tape home. training video.mp4",
    "menu": "Soup of the day 5.50 Grilled trout 18.00 Apple tart 6.00. menu.jpg",
    "fish": "trout, plate, lemon. lunch.jpg",
    "fishing": "You let the line run, you wait, and when it pulls you count to two. There he is!"
    " lake with dad.mp4",
    "chess": "Knight takes e5, and now the queen has nowhere to go. Resign? I think so."
    " club night.mp4",
    "crown": "crown, throne, velvet. castle.jpg",
    "baby": "baby cry, lullaby, music box. night 2.wav",
    "steps": "Oh look, look, she is walking! Two, three, four steps! Get your phone! VID_0007.mp4",
}
"""Name of a moment to its words."""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("water damage in the kitchen", "leak"),
    ("how to prune flowers", "garden"),
    ("what to learn for the test", "exam"),
    ("a strange sound from my car", "engine"),
    ("the plane is about to land", "flight"),
    ("when did boarding end", "gate"),
    ("a child's party with singing", "birthday"),
    ("how long to bake the cake", "recipe"),
    ("a bill that has to be paid", "invoice"),
    ("rental contract for the flat", "lease"),
    ("spending too much on trips", "budget"),
    ("we want to employ this candidate", "hire"),
    ("the dog is ill", "vet"),
    ("training a young dog", "puppy"),
    ("news about a blackout", "storm"),
    ("singers practising", "rehearsal"),
    ("learning to play chords", "lesson"),
    ("commentator shouts about the winning goal", "goal"),
    ("final result of the match", "scores"),
    ("tired walkers without anything to drink", "hike"),
    ("how far it is to the top", "sign"),
    ("childhood memories of being poor", "grandma"),
    ("the best man's speech", "wedding"),
    ("computer has no space left", "error"),
    ("how our data is kept safe", "backup"),
    ("prices in a restaurant", "menu"),
    ("catching something at the lake", "fishing"),
    ("a board game is being won", "chess"),
    ("my daughter's first walk", "steps"),
    ("Labrador with a ball", "dog"),
    ("thunderstorm noise", "rain"),
    ("people in church making music", "choir"),
    ("login page", "password"),
    ("flowers with an insect", "roses"),
    ("newborn cannot sleep", "baby"),
    ("physics presentation", "chapters"),
)
"""A question and the one moment that answers it."""
