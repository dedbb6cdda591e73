"""German letters. `x` is who writes, in the first person, `y` to whom; the news is of the writer, or of somebody both know.

The head ends in an exclamation mark, after which German begins with a capital letter.
"""

LETTERS: dict[str, tuple[str, ...]] = {
    "letter.head": (
        "{y.dear} {y.name}!", "Hallo {y.name}!", "{y.my_dear} {y.name}!", "{y.name}!", "Guten {Morgen|Abend|Tag}, {y.name}!", "{x.town}, an einem {kalten|sonnigen|regnerischen} Tag\n\n{y.dear} {y.name}!", "An {y.acc} in {y.town}", "Grüß dich, {y.name}!", "{x.town}, spät am {Abend|Nachmittag}\n\nHallo {y.name}!", "Viele Grüße nach {y.town}, {y.name}!", "Für {y.acc}, {y.town}",
    ),
    "letter.open": (
        "wie geht es dir?", "ich hoffe, es geht dir gut.", "ich habe {lange|seit Wochen|seit Monaten} nicht geschrieben.", "danke für {deinen Brief|deine Karte|die lieben Worte}.", "{dein Brief|dein Päckchen} kam {heute|gestern|letzte Woche} an.", "ich habe {oft|den ganzen Tag} an dich gedacht.", "es gibt Neues aus {x.town}.", "verzeih mir, dass ich so spät schreibe.", "heute schreibe ich nur kurz.",
        "ich muss dir etwas erzählen.", "ist es in {y.town} auch so kalt?", "was gibt es Neues in {y.town}?", "endlich finde ich Zeit für einen Brief.",
    ),
    "letter.about": (
        "{said}", "Du weißt ja, {said}", "{said}, wie du weißt", "Du fragst nach mir - nun, {said}", "Bei mir ist alles beim Alten, {said}", "{said}, wie eh und je", "Und ich? Ach, {said}", "{said}, das weißt du sicher noch", "Vielleicht erinnerst du dich, {said}", "Manches ändert sich nie, {said}", "{said}, wie immer", "Von mir nur so viel, {said}",
    ),
    "letter.news": (
        "Weißt du etwas von {z.dat}? {said}", "Ich traf {gestern|letzte Woche} {z.acc}. {said}", "{z.name} kam vorbei. {said}", "Von {z.dat} kann ich dir dies erzählen. {said}", "Jemand hat nach {z.dat} gefragt. {said}", "Ich soll dich von {z.dat} grüßen. {said}", "Du wolltest etwas über {z.acc} wissen. {said}", "Nun zu {z.dat}. {said}", "Erinnerst du dich an {z.acc}? {said}", "Auch von {z.dat} gibt es etwas zu berichten. {said}",
    ),
    "letter.you": (
        "Wie geht es {y.pet}, {y.animal.your_dat}?", "Arbeitest du noch als {y.job}?", "Hast du {y.thing.your_acc} noch?", "Ich bringe dir {y.food} mit, denn das isst du doch so gern.", "Ich sah einen {y.colour.en} Schal und dachte an dich, denn das ist ja deine Farbe.", "Grüße {y.friend} von mir, ihr seid doch so gut befreundet!", "Bist du wirklich schon {y.age}?", "Gern würde ich {y.town} wiedersehen, und dich dort auch.",
        "Stimmt es, dass {y.thing.your} {y.origin.told} wurde?", "Gib {y.pet} etwas Gutes von mir!", "Hat {y.animal.your} {y.pet} den Winter gut überstanden?", "Ist es als {y.job} noch so viel Arbeit?",
    ),
    "letter.ask": (
        "Bitte leih mir {y.thing.your_acc} für {einen Tag|eine Woche}.", "Kannst du {am Sonntag|nächste Woche|bald} kommen?", "Schreib bald.", "Schick mir doch {x.food}, wenn du kannst; du weißt, das esse ich am liebsten.", "Erzähl mir alles.", "Könntest du {zwei|drei} Tage lang auf {x.pet}, {x.animal.their_acc}, aufpassen?", "Vergiss mich nicht.", "Treffen wir uns auf halbem Weg zwischen {x.town} und {y.town}?", "Wann kommst du wieder nach {x.town}?",
    ),
    "letter.close": ("Viele Grüße, {x.signed}", "Alles Liebe, {x.signed}", "Bis bald, {x.signed}", "{x.signed}", "Herzliche Grüße aus {x.town}, {x.signed}", "Alles Gute, {x.signed}", "Gute Nacht! {x.signed}", "Pass auf dich auf! {x.signed}", "In Eile, {x.signed}", "Es grüßt dich {x.signed}", "Mach es gut, {x.signed}"),
}  # fmt: skip
