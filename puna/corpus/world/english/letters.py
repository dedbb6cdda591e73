"""English letters. `x` is who writes, in the first person, `y` to whom; the news is of the writer, or of somebody both know."""

LETTERS: dict[str, tuple[str, ...]] = {
    "letter.head": ("{x.town}, on a {rainy|sunny|cold} day", "Dear {y.name},", "My dear {y.name},", "{x.town}, {day} evening\n\nDear {y.name},", "Hello {y.name},", "Good {morning|evening}, {y.name}!", "{y.name}, old friend,", "To {y.name} in {y.town}", "Dear friend,", "{y.name}!"),
    "letter.open": (
        "how are you?", "I hope that you are well.", "it has been {weeks|months|a long time} since I wrote.", "thank you for your {letter|card|kind words}.", "your {letter|parcel} came {today|yesterday|last week}.", "I have thought of you {often|all day}.", "there is news from {x.town}.", "forgive me that I write so late.", "this will be a short letter.", "I must tell you something.",
        "is it cold in {y.town} too?", "what is new in {y.town}?",
    ),
    "letter.about": ("As you know, {said}", "You ask about me: {said}", "With me all is as it was: {said}", "{said}, as before.", "And I? {said}", "You will remember that {said}", "In short, {said}", "It is still so that {said}", "{said}", "Some things never change: {said}"),
    "letter.news": ("Have you heard of {z.name}? {said}", "I met {z.name} {yesterday|last week}. {said}", "{z.name} came by. {said}", "About {z.name} I can tell you this: {said}", "Somebody asked for {z.name}. {said}", "I should greet you from {z.name}. {said}", "You wanted to know about {z.name}. {said}", "As for {z.name}: {said}"),
    "letter.you": (
        "How is {y.pet}, your {y.animal}?", "Do you still work as {y.job.a}?", "Is your {y.thing} still in the house?", "I will bring you some {y.food}, which you love.", "I saw a {y.colour} scarf and thought of you, for it is your colour.", "Give my love to {y.friend}, your friend.", "Are you really {y.age} now?", "I would like to see {y.town} again, and you in it.", "Is it true that your {y.thing} was {y.origin.told}?", "Feed {y.pet} for me!",
    ),
    "letter.ask": ("Please lend me your {y.thing} for a {day|week}.", "Can you come {on Sunday|next week|soon}?", "Write soon.", "Send me some {x.food}, if you can; you know that I love it.", "Tell me everything.", "Could you look after {x.pet}, my {x.animal}, for {two|three} days?", "Do not forget me.", "Let us meet halfway between {x.town} and {y.town}."),
    "letter.close": ("Yours, {x.signed}", "With love, {x.signed}", "Your friend {x.signed}", "Best wishes, {x.signed}", "Until soon, {x.signed}", "{x.signed}", "Good night, {x.signed}", "Take care! {x.signed}", "In haste, {x.signed}", "Always yours, {x.signed}"),
}  # fmt: skip
