"""German stories: scenes of five plots. `hero` is whom it happens to, `other` who can help; what each has, is and likes comes from the table.

A trouble is a main clause, a remedy what follows the subject; so a trouble comes after "denn", "und" or a dash, which leave its order as it is.
"""

# Trouble that somebody of this job can end, and how.
BY_JOB = {
    "baker": (("im Haus von {hero.dat} gab es kein Brot mehr", "{hero.name} hatte {am Sonntag|für die Gäste} kein Brot"), ("backte {zwei|drei|vier} frische Brote", "knetete Teig und machte daraus {zwei|drei} Brote")),
    "farmer": (("das Feld von {hero.dat} war voll Unkraut", "auf dem Acker von {hero.dat} wuchs nichts"), ("pflügte das Feld noch am Vormittag", "grub die Erde um und säte neu")),
    "teacher": (("{hero.name} konnte einen langen Brief nicht lesen", "{hero.name} verstand ein {altes|dickes} Buch nicht"), ("las jedes Wort langsam und deutlich vor", "erklärte alles, Satz für Satz")),
    "doctor": (("{hero.name} hatte einen {starken|bösen} Husten", "{hero.name} lag mit Fieber im Bett"), ("gab {hero.to} eine Flasche Medizin", "kochte {hero.to} einen bitteren Tee, der half")),
    "painter": (("die Wände von {hero.dat} waren grau und schmutzig", "am Zaun von {hero.dat} blätterte die Farbe ab"), ("strich alles neu, und zwar in {hero.colour}, denn das ist die liebste Farbe von {hero.dat}", "nahm Pinsel und Leiter und malte bis zum Abend")),
    "fisher": (("{hero.name} wollte Fisch zum Abendessen und fing keinen", "am Haken von {hero.dat} hing nur ein alter Schuh"), ("warf ein Netz aus und fing {sechs|sieben|neun} Fische", "zeigte die beste Stelle am Ufer, und bald war der Eimer voll")),
    "tailor": (("{hero.name} zerriss sich {die Jacke|das Hemd} an einem Nagel", "die Hose von {hero.dat} hatte ein Loch"), ("flickte das Loch mit Nadel und Faden", "nähte so fein, dass man nichts mehr sah")),
    "carpenter": (("der Sturm zerbrach {das Dach|die Tür|den Tisch} von {hero.dat}", "bei {hero.dat} war {das Dach|die Treppe} morsch"), ("machte alles neu mit gutem Holz und Nägeln", "sägte Bretter und nagelte sie fest")),
    "gardener": (("die Rosen von {hero.dat} waren trocken und braun", "im Garten von {hero.dat} ließ alles die Köpfe hängen"), ("schnitt alles zurück und goss, bis es wieder blühte", "brachte gute Erde und goss jeden Abend")),
    "smith": (("das Tor von {hero.dat} ging nicht mehr zu", "bei {hero.dat} war das Schloss an der Tür verbogen"), ("machte das Eisen heiß und hämmerte es gerade", "schlug dreimal zu, und es passte wieder")),
    "miller": (("{hero.name} hatte einen Sack Korn, aber kein Mehl", "in der Küche von {hero.dat} fehlte das Mehl"), ("mahlte Korn zwischen den großen Steinen", "brachte einen Sack Mehl, so fein wie Staub")),
    "singer": (("{hero.name} war traurig und konnte nicht schlafen", "im Haus von {hero.dat} war es still und traurig"), ("sang ein leises Lied, bis {hero.name} lächelte", "sang die halbe Nacht von {Sommer und Sonne|fernen Ländern}")),
}  # fmt: skip
# Trouble that the owner of this thing can end, and how.
BY_THING = {
    "ladder": (("der Hut von {hero.dat} hing hoch oben im Baum", "{hero.name} kam nicht mehr vom Dach herunter"), ("stellte sie an und stieg hinauf, bis alles gut war", "lehnte sie an und half von oben bis unten")),
    "boat": (("{hero.name} stand am falschen Ufer des Flusses", "das Wasser stieg, und {hero.name} saß auf einer Insel"), ("ruderte {hero.them} hinüber", "holte {hero.them} trocken ans andere Ufer")),
    "drum": (("{hero.name} hatte sich im {Nebel|Wald} verirrt", "{hero.name} fand im Dunkeln den Weg nicht mehr"), ("schlug so laut, dass {hero.name} dem Klang folgen konnte", "trommelte, bis {hero.name} den Weg fand")),
    "lamp": (("{hero.name} hatte im Dunkeln einen Schlüssel verloren", "im Keller von {hero.dat} sah man die Hand vor Augen nicht"), ("leuchtete in jede Ecke", "machte es so hell, dass nichts verborgen blieb")),
    "clock": (("{hero.name} kam jeden Morgen zu spät", "{hero.name} verschlief den ganzen Vormittag"), ("stellte sie so, dass sie um {sechs|sieben} klingelte", "stellte sie {hero.dat} ans Bett, und nun klingelt sie jeden Tag")),
    "cart": (("{hero.name} hatte {zehn|zwanzig} schwere Säcke zu tragen", "der Weg war weit und das Gepäck von {hero.dat} schwer"), ("fuhr alles auf einmal nach Hause", "lud alles auf und zog es bis vor die Tür")),
    "bell": (("niemand hörte {hero.acc} um Hilfe rufen", "{hero.name} rief und rief, doch die Stadt schlief"), ("läutete, bis die ganze Stadt gelaufen kam", "läutete Sturm, und alle wachten auf")),
    "kite": (("ein Kind weinte, und {hero.name} wusste keinen Rat", "die Kinder bei {hero.dat} langweilten sich sehr"), ("ließ ihn so hoch steigen, dass alle lachten", "zeigte, wie gut er fliegt, und niemand weinte mehr")),
    "spade": (("vor der Tür von {hero.dat} lag hoher Schnee", "ein Haufen Sand lag mitten auf dem Weg von {hero.dat}"), ("machte in einer Stunde den Weg frei", "schaufelte, bis man wieder gehen konnte")),
    "rope": (("{hero.name} war in einen {tiefen|trockenen} Brunnen gefallen", "{hero.name} steckte bis zum Bauch im Sumpf"), ("zog {hero.them} heraus", "band es an einen Baum und half {hero.to} hinaus")),
    "basket": (("{hero.name} hatte mehr Pilze, als zwei Hände halten", "{hero.name} ließ auf dem Heimweg ein Ei nach dem anderen fallen"), ("trug alles darin nach Hause", "legte alles hinein, und nichts fiel mehr herunter")),
    "flute": (("die Vögel hatten den Garten von {hero.dat} verlassen", "auf dem Fest von {hero.dat} gab es keine Musik"), ("spielte, bis die Vögel wiederkamen", "spielte ein Lied nach dem anderen, und alle tanzten")),
}  # fmt: skip

STORIES: dict[str, tuple[str, ...]] = {
    "when": (
        "eines {Tages|Morgens|Abends}", "an einem {kalten|warmen|windigen|hellen} {Morgen|Abend|Nachmittag}", "im letzten {Frühling|Sommer|Herbst|Winter}", "an einem {Regentag|Sonntag}", "vor {einer Woche|einem Monat|einem Jahr}", "vor nicht langer Zeit", "gegen {sechs|acht|zehn} Uhr",
        "früh am {Morgen|Tag}", "nach {der Ernte|dem Fest|den Ferien}", "noch vor Sonnenaufgang", "mitten in der Nacht", "zwei Tage vor dem Fest", "kurz nach Mittag",
    ),
    "weather": ("es war {kalt|warm|windig}", "es regnete", "{die Sonne schien|der Wind wehte|Schnee fiel}", "der Himmel war {klar|dunkel}", "auf der Straße lag {Eis|Schlamm|Staub}", "über den Hügeln zogen Wolken auf", "die Luft roch nach {Schnee|Heu|Rauch}", "kein Blatt bewegte sich", "ein Gewitter kam näher"),
    "mood": (
        "{hero.name} war {froh|glücklich|sehr froh}", "{hero.name} lachte vor Freude", "{hero.name} fühlte sich viel besser", "wie {froh|glücklich} war {hero.name}!", "am liebsten hätte {hero.name} getanzt", "ein Lächeln ging über das Gesicht von {hero.dat}", "{hero.name} wischte sich eine Träne ab und lachte", "niemand war an diesem Tag so froh wie {hero.name}", "{hero.dat} fiel ein Stein vom Herzen",
    ),
    "end": (
        "sie {saßen|redeten} beisammen, bis es dunkel war", "seitdem {besuchen|helfen} sie einander oft", "es war ein {guter|langer|schöner} Tag", "{hero.name} vergaß es nie", "auf dem Heimweg {sang|lächelte} {hero.they}", "dann gingen alle nach Hause", "und so {war|endete} es", "die Nachbarn erzählen noch heute davon", "in dieser Nacht schliefen beide gut",
        "wer anderen hilft, ist nie allein", "sie tranken {Tee|Milch} und waren zufrieden", "{nächste Woche|nächstes Jahr} wollen sie es wieder so machen", "bald kannte ganz {hero.town} die Geschichte", "Ende gut, alles gut", "mehr geschah an diesem Tag nicht", "genau so ist es gewesen, Wort für Wort", "davon sprach man noch lange",
    ),
    "road": (
        "ging nach {other.town}", "machte sich auf den Weg nach {other.town}", "lief nach {other.town}, wo {other.name} wohnt", "folgte der Straße nach {other.town}", "kam zu Pferd nach {other.town}", "lief ohne Pause bis nach {other.town}", "eilte zum Haus von {other.dat} in {other.town}", "ging den langen Weg nach {other.town} zu Fuß", "fuhr mit dem ersten Wagen nach {other.town}",
    ),
    "help.start": (
        "{trouble}", "{weather}, und {trouble}", "{when} brauchte {hero.name} Hilfe, denn {trouble}", "{when} geschah etwas Dummes - {trouble}", "alles begann damit, dass {hero.name} Pech hatte; {trouble}", "{when} gab es Ärger, denn {trouble}", "niemand hatte es kommen sehen, aber {trouble}", "{when} saß {hero.name} ratlos da, denn {trouble}",
        "{hero.name} hatte Sorgen, denn {trouble}", "{when} ging alles schief; {trouble}",
    ),
    "help.worry": (
        "{hero.name} wusste nicht weiter.", '"Was soll ich jetzt tun?", fragte {hero.name}.', "{hero.They} versuchte es {einmal|zweimal|den ganzen Tag}, doch es half nichts.", "Niemand in {hero.town} konnte helfen.", "Die Nachbarn schüttelten den Kopf.", '"Das nimmt kein gutes Ende", dachte {hero.they}.', "{hero.name} setzte sich auf einen Stein und seufzte.",
        "Sogar {hero.pet}, {hero.animal.the} von {hero.dat}, sah besorgt aus.", "Eine Stunde lang dachte {hero.they} nach.", "Was war da zu machen?", "{hero.They} schlief die ganze Nacht nicht.", "Da war guter Rat teuer.",
    ),
    "help.byjob": (
        "aber {other.name} ist {other.job}, und {hero.name} {road}", "da dachte {hero.they} an {other.acc}, denn {other.name} arbeitet als {other.job}", "weil {other.name} {other.job} ist, lag die Antwort nahe, und {hero.name} {road}", '"Ich kenne {other.job.a_acc}", sagte ein Nachbar. "{other.They} heißt {other.name}."', "da konnte nur {other.job.a} helfen, und {other.name} ist {other.job}",
        "zum Glück kam {other.name} vorbei, {other.job} aus {other.town}", "{hero.name} schrieb an {other.acc}, denn {other.they} ist in {other.town} {other.job}", "schließlich nannte jemand {other.acc}, und weil {other.they} {other.job} ist, ging {hero.name} gleich hin", '"Kennst du {other.acc}? {other.They} ist {other.job}", sagte {hero.friend}',
    ),
    "help.bything": (
        "aber {other.name} hat {other.thing.a_acc}, und {hero.name} {road}", "da dachte {hero.they} an {other.acc}, denn {other.name} besitzt {other.thing.a_acc}", "weil {other.name} {other.thing.a_acc} besitzt, lag die Antwort nahe, und {hero.name} {road}", '"{other.name} hat {other.thing.a_acc}", sagte ein Nachbar.', "da konnte nur {other.thing.a} helfen, und wer hat {other.thing.a_acc}? Natürlich {other.name}",
        "zum Glück kam {other.name} mit {other.thing.their_dat} vorbei", "{hero.name} bat {other.acc} um {other.thing.the_acc}, {other.thing_who_acc} {other.they} einst {other.origin} hatte", "schließlich sprach jemand von {other.thing.the_dat}, {other.thing_who_acc} {other.name} besitzt, und {hero.name} {road}",
    ),
    "help.didjob": (
        "{other.name} kam {sofort|noch am selben Tag|mit gutem Werkzeug} und {help}", "{other.job.the} kam und {help}", "{other.name} {help}", "{other.name} sagte kein Wort und {help}", "{other.They} zögerte nicht lange und {help}", "{other.name} krempelte die Ärmel hoch und {help}", '"Das ist leicht", sagte {other.job.the} und {help}', "für {other.acc} war es ein Kinderspiel; {other.they} {help}", "{other.name} sah sich alles an und {help}",
    ),
    "help.didthing": (
        "{other.name} kam mit {other.thing.the_dat} und {help}", "{other.name} nahm {other.thing.the_acc} und {help}", "{other.name} holte {other.thing.their_acc} und {help}", "{other.They} ging {other.thing.the_acc} holen und {help}", "wozu hat man {other.thing.a_acc}? {other.name} {help}", "{other.thing.the} war genau das Richtige; {other.name} {help}", "{other.name} wusste, was {other.thing.a} wert ist, und {help}", "kaum war {other.name} mit {other.thing.the_dat} da, ging es los; {other.they} {help}",
    ),
    "help.thanks": (
        "{mood}, und {other.name} bekam {other.food}, denn das isst {other.they} am liebsten", "zum Dank brachte {hero.name} {other.food}, das liebste Essen von {other.dat}", "{mood}, und {other.name} bekam {einen Schal|einen Becher|einen Hut} in {other.colour}, denn {other.they} mag {other.colour} am liebsten", "{mood}", '"Danke, {other.name}!", sagte {hero.name}', "als Dank bekam {other.pet}, {other.animal.the} von {other.dat}, ein neues Lager",
        "{hero.name} wollte zahlen, doch {other.name} nahm nichts an", "am nächsten Tag fand {other.name} etwas vor der Tür, nämlich {other.food}, denn {other.they} isst so gern {other.food}", "seit diesem Tag sagt {hero.name}, wer Hilfe braucht, soll {other.acc} fragen", '"Wie kann ich dir danken?", fragte {hero.name}',
    ),
    "gift.start": (
        "{hero.name} suchte ein Geschenk für {other.acc}, denn {gift.reason}", "{when} wollte {hero.name} {other.dat} etwas schenken, denn {gift.reason}", "was schenkt man {other.dat}? {hero.name} dachte nach, denn {gift.reason}", "{gift.reason}, und so brauchte {hero.name} ein Geschenk", "{when} zählte {hero.name} das Geld, um {other.dat} ein Geschenk zu kaufen", "es war Zeit für ein Geschenk, denn {gift.reason}", "{gift.reason}; da dachte {hero.name} an ein Geschenk",
    ),
    "gift.reason": ("{other.name} wurde {other.age}", "{other.name} war an diesem Tag {other.age} Jahre alt", "{other.name} war so freundlich gewesen", "{other.name} wollte {other.town} für eine Weile verlassen", "{other.name} hatte als {other.job} hart gearbeitet", "{other.name} war lange krank gewesen", "{other.name} hatte {hero.dat} einmal geholfen"),
    "gift.colour": (
        "{other.name} mag die Farbe {other.colour} am liebsten, also {kaufte|nähte|wählte} {hero.name} einen {other.colour.en} {Schal|Hut|Mantel}", "im Laden lagen {viele|sechs|zehn} Tücher, und {hero.name} nahm eines in {other.colour}, weil {other.name} die Farbe {other.colour} liebt", "es musste etwas in {other.colour} sein, denn {other.name} liebt die Farbe {other.colour}", "{hero.name} färbte {einen Schal|ein Hemd} {other.colour.adj}, denn das ist die liebste Farbe von {other.dat}",
        "in der Lieblingsfarbe von {other.dat}, in {other.colour}, gab es {eine Tasse|eine Decke|ein Band}, und {hero.name} griff zu",
    ),
    "gift.food": (
        "{other.name} isst gern {other.food}, also {kaufte|packte|besorgte} {hero.name} {other.food}", "nur {other.food} kam in Frage, denn das isst {other.name} am liebsten", "weil {other.name} so gern {other.food} isst, füllte {hero.name} eine {Kiste|Tasche} mit {other.food.dat}", "{hero.name} wusste, dass {other.name} sich über {other.food} freut", "mit {other.food.dat} kann man bei {other.dat} nichts falsch machen, dachte {hero.name}",
    ),
    "gift.animal": (
        "{other.name} hat {other.animal.a_acc}, also {baute|kaufte} {hero.name} {ein warmes Lager|ein kleines Haus} für {other.pet}", "weil {other.name} {other.animal.a_acc} namens {other.pet} hält, nähte {hero.name} eine Decke für {other.pet}", "{hero.name} dachte an {other.pet}, {other.animal.the_acc} von {other.dat}, und {kaufte|machte} ein Glöckchen", "das Geschenk war für {other.pet}, denn so heißt {other.animal.the} von {other.dat}",
        "wer {other.pet} eine Freude macht, macht {other.dat} eine; also war es etwas für {other.animal.the_acc}",
    ),
    "gift.give": ("dann kam {hero.name} damit nach {other.town}", "{hero.name} nahm das Geschenk und {road}", "{hero.They} {road} und klopfte an die Tür", "{weather}, aber {hero.name} {road}", "mit dem Geschenk unter dem Arm kam {hero.they} nach {other.town}", "{hero.They} versteckte es in einem Beutel und {road}", "{hero.name} wickelte es in Papier und {road}", "noch am selben Tag brachte {hero.name} es nach {other.town}"),
    "gift.joy": ('"Woher wusstest du das?", fragte {other.name}', "{other.name} war so {froh|glücklich}, dass {other.they} tanzte", '"Genau das habe ich mir gewünscht!", sagte {other.name}', "{other.name} zeigte es der ganzen Stadt", '"Du kennst mich gut", sagte {other.name}', "{other.name} wusste nicht, was {other.they} sagen sollte", "da strahlte {other.name} über das ganze Gesicht", '"Für mich?", rief {other.name}'),
    "lost.start": (
        "{when} lief {hero.pet}, {hero.animal.the} von {hero.dat}, davon, {lost.why}", "{hero.name} hat {hero.animal.a_acc} namens {hero.pet}, und {when} war {hero.pet} weg, {lost.why}", "wo war {hero.pet}? Fortgelaufen war {hero.animal.the} von {hero.dat}, {lost.why}", "{when} rief {hero.name} nach {hero.pet}, doch {hero.animal.the} war fort, {lost.why}", "{hero.pet} war weg! Verschwunden war {hero.animal.the} von {hero.dat}, {lost.why}",
        "{when} suchte {hero.name} {hero.animal.their_acc} {hero.pet} vergebens; das Tier war fortgelaufen, {lost.why}",
    ),
    "lost.why": ("weil {die Tür|das Tor} offen stand", "weil ein {lauter Knall|Gewitter} kam", "weil niemand ans Futter gedacht hatte", "während {hero.name} bei der Arbeit war", "weil ein Fuchs gekommen war", "weil eine Biene gar zu schön summte", "als gerade niemand hinsah"),
    "lost.search": (
        "{hero.name} suchte {hinter dem Haus|im Garten|unter dem Bett} und in allen Straßen von {hero.town}", "{hero.name} rief den ganzen Tag nach {hero.pet}, aber vergebens", "ganz {hero.town} half beim Suchen, doch man fand nur {Spuren|ein paar Haare}", "{hero.They} fragte jedes Kind in {hero.town}", "{hero.name} stellte etwas zu fressen vor die Tür und wartete", "{hero.name} und {hero.friend.their} suchten überall", "bis in die Nacht ging {hero.name} mit einem Licht umher",
    ),
    "lost.found": (
        "endlich fand {other.name} in {other.town} {hero.pet}, denn {hero.animal.the} hatte {other.food} gerochen, das liebste Essen von {other.dat}", "in {other.town} aß {other.name} gerade {other.food}, {other.their} liebstes Essen, da kam {hero.pet} an den Tisch", "da kam {other.name} aus {other.town} und brachte {hero.pet} mit", "{other.name}, {other.job} aus {other.town}, hatte {hero.pet} auf dem Weg zur Arbeit gesehen",
        "bei {other.pet}, {other.animal.the_dat} von {other.dat}, fand man {hero.pet} wieder", "{other.name} hatte {hero.pet} schlafend neben {other.thing.their_dat} gefunden", "{hero.pet} saß vor der {other.colour.en} Tür von {other.dat}, denn {other.name} liebt die Farbe {other.colour}",
    ),
    "market.start": (
        "{when} ging {hero.name} mit {have} Münzen auf den Markt", "{have} Münzen hatte {hero.name} für den Markt", "{hero.name} hatte {have} Münzen und einen Zettel, als {hero.they} auf den Markt kam", "mit {have} Münzen in der Tasche ging {hero.name} von Stand zu Stand", "der Markt war voll, und {hero.name} hatte {have} Münzen dabei", "{have} Münzen, so viel hatte {hero.name} für den Markt gespart",
    ),
    "market.see": (
        "{g.a} {g:kostet/kosten} dort {g.price} Münzen", "für {g.a_acc} wollte man {g.price} Münzen", "ein Händler verkaufte {g.a_acc} für {g.price} Münzen", '"Nur {g.price} Münzen für {g.a_acc}!", rief ein Händler', "auf dem Schild stand: {g.a}, {g.price} Münzen", "an einem Stand gab es {g.a_acc} für {g.price} Münzen", "{g.a_acc} bekam man dort für {g.price} Münzen",
    ),
    "market.buy": (
        "{hero.name} zahlte, und es blieb ein Rest von {left}", "{hero.name} kaufte {g.a_acc} und zählte noch {left}", "nach dem Zahlen war der Rest {left}", "so {g:kam/kamen} {g.a} in {hero.their_en} Korb, und in der Hand blieb ein Rest von {left}", "{hero.name} gab das Geld hin und behielt {left}", "{hero.name} nahm {g.a_acc} mit und hatte danach noch {left} in der Tasche",
    ),
    "market.poor": ("das war zu teuer für {hero.acc}", "so viel hatte {hero.name} nicht", "doch das war mehr, als {hero.name} hatte, und so ging {hero.they} weiter", "{hero.name} zählte zweimal, aber es reichte nicht", "zu teuer für {hero.acc}, denn {hero.they} hatte nur {have}"),
    "market.meet": (
        "da kam {other.name} mit {other.animal.their_dat} {other.pet}", "dort traf {hero.they} {other.acc}, {other.who} wie immer nach {other.food.dat} suchte", "auch {other.name} war da, und mit {other.to} {other.pet}, {other.animal.the}", "am nächsten Stand stand {other.name} in einem {other.colour.en} Mantel, denn {other.they} mag {other.colour} am liebsten", "{other.name} grüßte und zeigte {other.thing.their_acc}", "ein Nachbar sprach von {other.dat}, {other.job.the_dat}",
    ),
}  # fmt: skip
STORIES |= {
    f"trouble.{kind}.{key}": troubles for kind, table in (("job", BY_JOB), ("thing", BY_THING)) for key, (troubles, _) in table.items()
}
STORIES |= {
    f"help.{kind}.{key}": remedies for kind, table in (("job", BY_JOB), ("thing", BY_THING)) for key, (_, remedies) in table.items()
}
