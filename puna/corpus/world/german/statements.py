"""How German states a fact and asks for it: what may follow a name (`vp.…`), whole sentences (`s.…`), asides (`np.…`), questions (`q.…`), answers (`a.…`).

Verbs stand second, and a frame around a statement leaves them there: it ends in a comma after which German keeps that order ("man sagt, Mia wohnt in Elton"), or
follows the statement. What follows a name is joined to more by "und"; so none ends in a clause or an apposition that a comma would have to close.
"""

STATEMENTS: dict[str, tuple[str, ...]] = {
    # Follows "Mia", "sie" or "ich".
    "vp.town": (
        "{x:wohnt/wohne} in {x.town}", "{x:lebt/lebe} in {x.town}", "{x:ist/bin} in {x.town} zu Hause", "{x:hat/habe} ein {kleines|altes|schmales} Haus in {x.town}", "{x:kommt/komme} aus {x.town}", "{x:hat/habe} in {x.town} {zwei|drei} Zimmer gemietet",
        "{x:ist/bin} in {x.town} geboren und nie fortgezogen", "{x:kennt/kenne} in {x.town} jeden Stein", "{x:möchte/möchte} nirgendwo anders leben als in {x.town}", "{x:gehört/gehöre} zu den Leuten von {x.town}", "{x:nennt/nenne} {x.town} {x.their_e} Heimat",
        "{x:wohnt/wohne} in einer {stillen|engen|breiten} Straße von {x.town}", "{x:fühlt/fühle} {x:sich/mich} nur in {x.town} wohl", "{x:schläft/schlafe} unter einem Dach in {x.town}",
    ),
    "vp.job": (
        "{x:ist/bin} {x.job}", "{x:arbeitet/arbeite} als {x.job}", "{x:ist/bin} von Beruf {x.job}", "{x:verdient/verdiene} {x.their} {Geld|Brot} als {x.job}", "{x:ist/bin} mit Leib und Seele {x.job}", "{x:arbeitet/arbeite} seit {vielen|einigen} Jahren als {x.job}",
        "{x:hat/habe} schon früh als {x.job} angefangen", "{x:steht/stehe} als {x.job} früh auf", "{x:ist/bin} {x.job_ein} {gut|tüchtig|fleißig}{x.job_adj} {x.job}", "{x:hat/habe} als {x.job} {viel|genug} zu tun", "{x:macht/mache} die Arbeit {x.job.a_gen}",
        "{x:ist/bin} stolz auf {x.their_e} Arbeit als {x.job}", "{x:ist/bin}, wie schon {x.their_e} {Mutter|Tante}, {x.job}", "{x:lebt/lebe} gut von {x.their_er} Arbeit als {x.job}",
    ),
    "vp.animal": (
        "{x:hat/habe} {x.animal.a_acc}", "{x:hält/halte} {x.animal.a_acc}", "{x:besitzt/besitze} {x.animal.a_acc}", "{x:füttert/füttere} jeden {Morgen|Abend} {x.animal.their_acc}", "{x:spricht/spreche} oft mit {x.animal.their_dat}", "{x:teilt/teile} das Haus mit {x.animal.a_dat}",
        "{x:pflegt/pflege} {x.animal.their_acc} mit Liebe", "{x:hat/habe} {x.animal_ein_acc} {treu|hübsch|klug}{x.animal_adj_acc} {x.animal}", "{x:nimmt/nehme} {x.animal.their_acc} überallhin mit", "{x:gibt/gebe} {x.animal.their_acc} um keinen Preis her",
        "{x:hat/habe} eines Tages {x.animal.a_acc} nach Hause gebracht", "{x:kümmert/kümmere} {x:sich/mich} um {x.animal.a_acc}", "{x:mag/mag} kein Tier so sehr wie {x.animal.their_acc}", "{x:sorgt/sorge} für {x.animal.a_acc}",
    ),
    "vp.pet": (
        "{x:nennt/nenne} {x.animal.their_acc} {x.pet}", "{x:hat/habe} {x.animal.a_acc} namens {x.pet}", "{x:ruft/rufe} {x.animal.their_acc} mit dem Namen {x.pet}", "{x:hat/habe} ein Tier mit dem Namen {x.pet}", "{x:spielt/spiele} {gern|oft} mit {x.animal.their_dat} {x.pet}",
        "{x:gab/gab} {x.animal.their_dat} den Namen {x.pet}", "{x:geht/gehe} mit {x.animal.their_dat} {x.pet} spazieren", "{x:singt/singe} {x.animal.their_dat} {x.pet} {abends|manchmal} etwas vor", "{x:hat/habe} {x.animal.their_acc} {x.pet} getauft",
        "{x:sorgt/sorge} gut für {x.animal.their_acc} {x.pet}", "{x:erzählt/erzähle} jedem von {x.animal.their_dat} {x.pet}", "{x:liebt/liebe} {x.their} Tier {x.pet} von Herzen", "{x:macht/mache} {x:sich/mir} leicht Sorgen um {x.animal.their_acc} {x.pet}", "{x:hat/habe} mit {x.pet} {x.animal_ein_acc} {treu|gut}{x.animal_adj_acc} {x.animal}",
    ),
    "vp.colour": (
        "{x:mag/mag} die Farbe {x.colour} am liebsten", "{x:liebt/liebe} die Farbe {x.colour}", "{x:findet/finde} keine Farbe so schön wie {x.colour}", "{x:trägt/trage} am liebsten {x.colour.e} {Sachen|Schuhe}", "{x:hält/halte} {x.colour} für die beste Farbe",
        "{x:wählt/wähle} immer {x.colour}", "{x:zieht/ziehe} {x.colour} jeder anderen Farbe vor", "{x:streicht/streiche} am liebsten alles {x.colour.adj}", "{x:schwärmt/schwärme} für die Farbe {x.colour}", "{x:malt/male} am liebsten mit {x.colour}", "{x:hat/habe} eine Schwäche für {x.colour}",
        "{x:nimmt/nehme} aus jeder Schachtel das {x.colour.e} Stück", "{x:hängt/hänge} {x.colour.e} Vorhänge in jedes Fenster", "{x:würde/würde} am liebsten die ganze Stadt {x.colour.adj} streichen",
    ),
    "vp.food": (
        "{x:isst/esse} gern {x.food}", "{x:liebt/liebe} {x.food}", "{x:isst/esse} am liebsten {x.food}", "{x:mag/mag} {x.food} lieber als jedes andere Essen", "{x:kauft/kaufe} jede Woche {x.food}", "{x:träumt/träume} nachts von {x.food.dat}", "{x:isst/esse} jeden {Tag|Sonntag} {x.food}",
        "{x:wünscht/wünsche} {x:sich/mir} zum Geburtstag {x.food}", "{x:sagt/sage} zu {x.food.dat} niemals Nein", "{x:könnte/könnte} von {x.food.dat} leben", "{x:hat/habe} immer {x.food} in der {Küche|Kammer}", "{x:freut/freue} {x:sich/mich} auf nichts so sehr wie auf {x.food}",
        "{x:sucht/suche} in jedem Laden nach {x.food.dat}", "{x:würde/würde} für {x.food} meilenweit gehen", "{x:bekommt/bekomme} von {x.food.dat} nie genug",
    ),
    "vp.thing": (
        "{x:besitzt/besitze} {x.thing.a_acc}", "{x:hat/habe} {x.thing.a_acc}", "{x:hat/habe} {x.thing_ein_acc} {gut|schön|neu}{x.thing_adj_acc} {x.thing}", "{x:ist/bin} stolz auf {x.thing.their_acc}", "{x:putzt/putze} {x.thing.their_acc} {jede Woche|jeden Monat}", "{x:gibt/gebe} {x.thing.their_acc} nicht aus der Hand",
        "{x:zeigt/zeige} {x.thing.their_acc} allen Gästen", "{x:braucht/brauche} {x.thing.their_acc} fast jeden Tag", "{x:bewahrt/bewahre} {x.thing.a_acc} {hinter dem Haus|unter dem Dach} auf", "{x:wäre/wäre} ohne {x.thing.their_acc} verloren", "{x:arbeitet/arbeite} oft mit {x.thing.their_dat}",
        "{x:hütet/hüte} {x.thing.their_acc} wie einen Schatz", "{x:versteckt/verstecke} {x.thing.a_acc} {im Keller|unter der Treppe}", "{x:nennt/nenne} {x.thing.a_acc} {x.their} Eigen",
    ),
    "vp.age": (
        "{x:ist/bin} {x.age} Jahre alt", "{x:ist/bin} {x.age}", "{x:wurde/wurde} {in diesem|im letzten} {Sommer|Winter|Frühling} {x.age}", "{x:zählt/zähle} {x.age} Jahre", "{x:lebt/lebe} seit {x.age} Jahren auf der Welt", "{x:hat/habe} {x.age} Winter gesehen", "{x:ist/bin} inzwischen {x.age} Jahre alt",
        "{x:fühlt/fühle} {x:sich/mich} mit {x.age} Jahren {wohl|jung}", "{x:hatte/hatte} {x.age} Kerzen auf {x.their_em} letzten Kuchen", "{x:hat/habe} das Alter von {x.age} Jahren erreicht", "{x:macht/mache} aus {x.their_en} {x.age} Jahren kein Geheimnis", "{x:bleibt/bleibe} nicht ewig {x.age}",
        "{x:kam/kam} vor {x.age} Jahren zur Welt", "{x:bringt/bringe} es auf {x.age} Jahre",
    ),
    "vp.friend": (
        "{x:ist/bin} mit {x.friend} befreundet", "{x:hat/habe} {x.friend_a_acc} namens {x.friend}", "{x:vertraut/vertraue} {x.friend.their_dat}", "{x:trifft/treffe} oft {x.friend.their_acc}", "{x:erzählt/erzähle} {x.friend.their_dat} alles", "{x:schreibt/schreibe} lange Briefe an {x.friend.their_acc}",
        "{x:geht/gehe} gern mit {x.friend.their_dat} spazieren", "{x:kennt/kenne} {x.friend.their_acc} seit der Schulzeit", "{x:spielt/spiele} mit {x.friend.their_dat} Karten", "{x:mag/mag} {x.friend.their_acc} sehr", "{x:würde/würde} für {x.friend.their_acc} alles tun",
        "{x:hat/habe} in {x.friend} {x.friend_a_acc} gefunden", "{x:nennt/nenne} {x.friend} {x.friend_dearest_acc}", "{x:verlässt/verlasse} {x:sich/mich} ganz auf {x.friend.their_acc}",
    ),
    "vp.origin": (
        "{x:hat/habe} {x.thing.their_acc} {x.origin}", "{x.origin.did} {x.thing.their_acc} {x.origin.how}", "{x:hat/habe} vor Jahren {x.thing.a_acc} {x.origin}", "{x:hat/habe} {x.thing.their_acc} nicht gestohlen, sondern {x.origin}", "{x.origin.did} einst {x.thing.the_acc} {x.origin.how}",
        "{x:hat/habe} {x.thing.their_acc}, wie man hört, {x.origin}", "{x:hat/habe}, wie {x.they} gern {x:erzählt/erzähle}, {x.thing.their_acc} {x.origin}", "{x.origin.did} {x.origin.how} {x.thing.the_acc} und {x:gibt/gebe} {x.thing_them} nicht mehr her", "{x:hatte/hatte} Glück und {x.origin.did} {x.origin.how} {x.thing.a_acc}",
        "{x.origin.did} {x.thing.their_acc} vor langer Zeit {x.origin.how}", "{x:besitzt/besitze} {x.thing.a_acc} und {x:hat/habe} {x.thing_them} {x.origin}", "{x:weiß/weiß} noch, wie {x.they} {x.thing.the_acc} {x.origin.how} {x.origin.did}, und {x:lacht/lache}",
    ),
    # Whole sentences.
    "s.town": (
        "das Haus von {x.dat} steht in {x.town}", "in {x.town} wohnt {x.name}", "die Stadt von {x.dat} ist {x.town}", "{x.gen} Haus steht in {x.town}", "wer {x.acc} sucht, findet {x.them} in {x.town}", "Briefe an {x.acc} gehen nach {x.town}", "zu den Leuten von {x.town} gehört {x.name}", "wenn du {x.acc} besuchen willst, geh nach {x.town}",
        "{x.town} ist der Ort, an dem {x.name} wohnt", "die Heimat von {x.dat} heißt {x.town}", "man trifft {x.acc} in {x.town}, denn dort wohnt {x.they}", "{der Briefträger|jeder Bote} weiß, dass {x.name} in {x.town} wohnt", "in keiner anderen Stadt als {x.town} möchte {x.name} wohnen",
    ),
    "s.job": (
        "von Beruf ist {x.name} {x.job}", "alle kennen {x.acc} als {x.job}", "der Beruf von {x.dat} ist {x.job}", "{x.gen} Beruf ist {x.job}", "die Arbeit von {x.dat} ist die {x.job.a_gen}", "wer {x.job.a_acc} braucht, fragt nach {x.dat}", "als {x.job} hat {x.name} viel zu tun", "den ganzen Tag arbeitet {x.name} als {x.job}",
        "es gibt {x.job.a_acc}, {x.who} {x.name} heißt", "{x.job.the} dort heißt {x.name}", "{an den Händen|sofort} sieht man, dass {x.name} {x.job} ist", "{x.their} Geld verdient {x.name} als {x.job}", "seit Jahren arbeitet {x.name} als {x.job}",
    ),
    "s.animal": (
        "das Tier von {x.dat} ist {x.animal.a}", "bei {x.dat} lebt {x.animal.a}", "jeden Abend wartet {x.animal.a} auf {x.acc}", "{x.gen} Tier ist {x.animal.a}", "{x.animal.the} von {x.dat} ist nie weit weg", "wer {x.acc} besucht, trifft {x.animal.a_acc}", "im {Haus|Hof} von {x.dat} gibt es {x.animal.a_acc}", "keinem Tier geht es so gut wie {x.animal.the_dat} von {x.dat}",
        "man hört {x.animal.the_acc} von {x.dat} schon von der Straße aus", "die Kinder kommen, um {x.animal.the_acc} von {x.dat} zu sehen", "wenn {x.name} nach Hause kommt, freut sich {x.animal.a}", "man {hört|sieht} gleich, dass {x.name} {x.animal.a_acc} hat", "an der Seite von {x.dat} sieht man oft {x.animal.a_acc}",
    ),
    "s.pet": (
        "das Tier von {x.dat} heißt {x.pet}", "{x.pet} heißt {x.animal.the} von {x.dat}", "{x.animal.the} von {x.dat} heißt {x.pet}", "{x.gen} Tier hört auf den Namen {x.pet}", "{x.pet} kommt, wenn {x.name} ruft", "der Name {x.animal.the_gen} von {x.dat} ist {x.pet}", "wenn {x.name} nach {x.pet} ruft, kommt {x.animal.a}", "{x.pet} gehört {x.dat}",
        "{x.pet} ist {x.animal.the} von {x.dat}", "{x.animal.the}, {x.animal_who} bei {x.dat} lebt, heißt {x.pet}", "{x.pet}, so nennt {x.name} {x.animal.the_acc}", "die ganze Straße weiß, dass {x.gen} Tier {x.pet} heißt", "{x.animal.the_acc} von {x.dat} ruft man {x.pet}",
    ),
    "s.colour": (
        "die liebste Farbe von {x.dat} ist {x.colour}", "{x.gen} Lieblingsfarbe ist {x.colour}", "nichts geht {x.dat} über die Farbe {x.colour}", "{x.colour} ist die Farbe von {x.dat}", "von allen Farben gefällt {x.dat} {x.colour} am besten", "bei {x.dat} ist sogar {die Tür|das Tor|das Dach} {x.colour.adj}", "wer {x.dat} etwas schenkt, nimmt am besten etwas in {x.colour}",
        "fragt man {x.acc} nach der schönsten Farbe, hört man {x.colour}", "am liebsten trägt {x.name} {x.colour}", "die Farbe, die {x.name} am liebsten mag, ist {x.colour}", "keine Farbe ist {x.dat} so lieb wie {x.colour}", "man sieht {am Haus|an den Schuhen}, dass {x.name} die Farbe {x.colour} liebt", "{x.colour.adj} kann es {x.dat} nie genug sein",
    ),
    "s.food": (
        "das liebste Essen von {x.dat} {x.food.are}", "{x.gen} Lieblingsessen {x.food.are}", "nichts schmeckt {x.dat} so gut wie {x.food}", "mit {x.food.dat} macht man {x.acc} froh", "auf dem Tisch von {x.dat} findet man immer {x.food}", "wer {x.dat} eine Freude machen will, bringt {x.food}", "wenn {x.name} traurig ist, hilft man mit {x.food.dat}", "mittags isst {x.name} {x.food}",
        "für {x.food} lässt {x.name} alles andere stehen", "{x.food} mag {x.name} am liebsten", "was {x.name} am liebsten isst, {x.food.are}", "jeder Händler weiß, dass {x.name} so gern {x.food} isst", "am liebsten isst {x.name} {x.food}",
    ),
    "s.thing": (
        "das Beste, was {x.name} besitzt, ist {x.thing.a}", "im Haus von {x.dat} gibt es {x.thing.a_acc}", "{x.thing.a} gehört {x.dat}", "{x.gen} ganzer Stolz ist {x.thing.a}", "wer {x.thing.a_acc} braucht, geht zu {x.dat}", "was {x.name} besitzt, ist {x.thing.a}", "die Nachbarn bewundern {x.thing.the_acc} von {x.dat}", "unter allem, was {x.name} hat, ist {x.thing.the} das Schönste",
        "fragt man nach {x.thing.a_dat}, nennt jeder {x.acc}", "es ist {kein Geheimnis|bekannt}, dass {x.name} {x.thing.a_acc} hat", "in einer Ecke des Hofes hat {x.name} {x.thing.a_acc}", "{x.thing.the} von {x.dat} ist in der ganzen Stadt bekannt", "von allen Dingen ist {x.dat} {x.thing.the} das liebste",
    ),
    "s.age": (
        "das Alter von {x.dat} ist {x.age}", "vor {x.age} Jahren wurde {x.name} geboren", "{x.age} Jahre ist {x.name} alt", "{x.age} Jahre sind vergangen, seit {x.name} geboren wurde", "mit {x.age} Jahren ist {x.name} {gesund und munter|gut zu Fuß}", "man sieht es nicht, aber {x.name} ist {x.age}", "heute ist {x.name} {x.age} Jahre alt",
        "fragt man {x.acc} nach dem Alter, hört man {x.age}", "{x.age} Kerzen brannten zuletzt auf dem Kuchen von {x.dat}", "auf {x.age} Jahre bringt es {x.name}", "man sieht {x.dat} {kaum|nicht} an, dass {x.they} schon {x.age} ist", "das Leben von {x.dat} zählt {x.age} Jahre", "ganze {x.age} Jahre alt ist {x.name}",
    ),
    "s.friend": (
        "{x.friend_best} von {x.dat} ist {x.friend}", "{x.friend} ist {x.friend_best} von {x.dat}", "mit {x.friend} ist {x.name} befreundet", "man sieht {x.acc} oft mit {x.friend.their_dat}", "wenn {x.name} Hilfe braucht, ruft {x.they} {x.friend.their_acc}", "am meisten vertraut {x.name} {x.friend.their_dat}", "{x.name} und {x.friend.their} treffen sich jede Woche",
        "{x.friend} heißt {x.friend_the}, {x.friend_who_dat} {x.name} alles erzählt", "wer {x.acc} einlädt, lädt auch {x.friend.their_acc} ein", "niemand steht {x.dat} so nah wie {x.friend.their}", "seit der Schulzeit ist {x.name} mit {x.friend} befreundet", "in {x.friend} hat {x.name} {x.friend_a_acc} fürs Leben", "überall weiß man, dass {x.name} und {x.friend} befreundet sind",
    ),
    "s.origin": (
        "{x.thing.the_acc} hat {x.name} {x.origin}", "einst hat {x.name} {x.thing.the_acc} {x.origin}", "{x.thing.the} von {x.dat} wurde {x.origin.told}", "vor langer Zeit {x.origin.did} {x.name} {x.thing.the_acc} {x.origin.how}", "{x.origin.how} hat {x.name} {x.thing.the_acc} {x.origin.done}", "{x.gen} {x.thing} wurde {x.origin.told}",
        "man erzählt noch heute, dass {x.name} {x.thing.the_acc} {x.origin} hat", "{x.thing.the}, {x.thing_who_acc} {x.name} besitzt, wurde {x.origin.told}", "{x.name} hat {x.thing.the_acc}, denn {x.they} hat {x.thing_them} {x.origin}", "so kam {x.name} zu {x.thing.the_dat} - {x.they} hat {x.thing_them} {x.origin}", "von {x.thing.the_dat}, {x.thing_who_acc} {x.name} hat, heißt es, {x.thing_they} wurde {x.origin.told}",
        "{x.thing.the} kam so zu {x.dat}, {x.thing_they} wurde {x.origin.told}",
    ),
    # Asides that follow a name, without a comma of their own.
    "np.town": ("aus {x.town}", "zu Hause in {x.town}", "{x.who} in {x.town} wohnt", "wohnhaft in {x.town}"),
    "np.job": ("von Beruf {x.job}", "{x.job.the}", "{x.job_ein} {gut|tüchtig}{x.job_adj} {x.job}", "{x.who} als {x.job} arbeitet"),
    "np.age": ("{x.age} Jahre alt", "{x.age}", "jetzt {x.age}", "{x.who} {x.age} Jahre zählt"),
    "np.friend": ("befreundet mit {x.friend}", "{x.who} mit {x.friend} befreundet ist", "{x.a_friend} von {x.friend}"),
    # Towns, goods and animals have whole sentences only.
    "s.place": (
        "{x.name} liegt {x.place}", "{x.place} liegt {x.name}", "{x.name} ist eine {kleine|stille|schöne} Stadt {x.place}", "die Häuser von {x.name} stehen {x.place}", "wer nach {x.name} reist, kommt in eine Stadt {x.place}", "{x.place} findet man {x.name}", "{x.name} wurde {x.place} gebaut", "die Leute von {x.name} leben {x.place}", "auf der Karte sieht man {x.name} {x.place}",
        "{kühl|windig|grün} ist es in {x.name}, denn die Stadt liegt {x.place}", "die Straßen von {x.name} enden {x.place}", "man merkt {gleich|sofort}, dass {x.name} {x.place} liegt",
    ),
    "s.day": (
        "der Markt von {x.name} ist am {x.day}", "am {x.day} ist Markt in {x.name}", "{x.name} hat jeden {x.day} Markt", "{x.day.s} ist in {x.name} Markt", "der Markttag von {x.name} ist der {x.day}", "jeden {x.day} kommen die Bauern zum Markt nach {x.name}", "wer in {x.name} etwas kaufen will, kommt am {x.day}", "am {x.day} ist {x.name} voller Leute, denn es ist Markt",
        "in {x.name} werden am {x.day} die Stände aufgebaut", "am {x.day} schläft in {x.name} niemand lange, weil Markt ist", "der {x.day} ist in {x.name} Markttag", "jeder Händler weiß, dass in {x.name} am {x.day} Markt ist",
    ),
    "s.sight": (
        "in {x.name} gibt es {x.sight.a_acc}", "{x.name} ist für {x.sight.the_acc} bekannt", "wer {x.name} besucht, sieht {x.sight.the_acc}", "sehenswert ist in {x.name} {x.sight.the}", "die Leute von {x.name} sind stolz auf {x.sight.the_acc}", "Maler kommen nach {x.name}, um {x.sight.the_acc} zu malen", "{x.name} hat {x.sight.a_acc} gebaut und pflegt {x.sight_them}", "{x.sight.the} von {x.name} ist weithin bekannt",
        "das Schönste an {x.name} ist {x.sight.the}", "jeder Gast in {x.name} fragt nach {x.sight.the_dat}", "wegen {x.sight.the_gen} kommen viele nach {x.name}", "in jedem Reisebuch steht, dass {x.name} {x.sight.a_acc} hat",
    ),
    "s.price": (
        "{x.a} {x:kostet/kosten} {x.price} Münzen", "für {x.a_acc} zahlt man {x.price} Münzen", "der Preis für {x.a_acc} beträgt {x.price} Münzen", "{x.price} Münzen {x:kostet/kosten} {x.a} auf dem Markt", "{x.a_acc} bekommt man für {x.price} Münzen", "wer {x.a_acc} kaufen will, braucht {x.price} Münzen", "unter {x.price} Münzen verkauft niemand {x.a_acc}", "mit {x.price} Münzen in der Hand kann man {x.a_acc} kaufen",
        "die Händler verlangen {x.price} Münzen für {x.a_acc}", "{x.price} Münzen gibt man für {x.a_acc} aus", "im Laden {x:kostet/kosten} {x.a} {x.price} Münzen", "{x.price} Münzen, so viel {x:kostet/kosten} {x.a}", "{an jedem Stand|auf jedem Schild} steht, dass {x.a} {x.price} Münzen {x:kostet/kosten}", "man gibt {x.price} Münzen und bekommt {x.a_acc}",
    ),
    "s.bed": (
        "{x.a} schläft {x.bed}", "nachts liegt {x.the} {x.bed}", "{x.bed} schläft {x.the}", "der Platz für {x.a_acc} ist {x.bed}", "{x.the} verbringt die Nacht {x.bed}", "wer {x.a_acc} hält, macht {x.to} ein Lager {x.bed}", "wenn es dunkel wird, schläft {x.the} {x.bed} ein", "nachts findet man {x.the_acc} {x.bed}", "{x.the} ist ein Tier, das {x.bed} schläft", "wer {x.the_acc} nachts sucht, sieht {x.bed} nach",
        "ist {x.the} müde, legt {x.they} sich {x.bed} schlafen", "es ist hier {üblich|immer so}, dass {x.a} {x.bed} schläft",
    ),
    # How two statements stand in one sentence, and what may stand around one.
    "join.two": ("{one} und {other}", "{one}, und {x.they} {other}", "{one}; {x.they} {other}", "{one} - und {other}", "{one}. Und {x.they} {other}", "{one} (und {other})", "{one}. {x.They} {other}", "{one}, ja, und {x.they} {other}"),
    "join.who": ("{name} {one}; {x.they} {other}", "{name} {one}, und {x.they} {other}", "{name} - {x.they} {one} - {other}", "{name} ({x.they} {one}) {other}", "das ist {name}; {x.they} {one} und {other}", "{name} {one} - {x.they} {other}"),
    "join.aside": ("{name}, {aside}, {one}", "{name} ({aside}) {one}", "{name} - {aside} - {one}", "das ist {name}, {aside}; {x.they} {one}", "hier kommt {name}, {aside}, und {x.they} {one}", "da ist {name} ({aside}); {x.they} {one}"),
    "join.frame": (
        "man sagt, {said}", "{said}, so sagt man", "ich glaube, {said}", "{said}, das ist bekannt", "es heißt, {said}", "{said}, wie {alle|viele} wissen", "die Leute sagen, {said}", "{said}, soviel ich weiß", "ich habe gehört, {said}", "{said}, das weiß jedes Kind", "kein Zweifel, {said}", "{said}, und niemand zweifelt daran", "man erzählt sich, {said}", "{said}, heißt es",
        "ja, {said}", "{said}, und das ist kein Geheimnis", "im Buch steht, {said}", "{said}, wenn ich mich nicht irre", "kurzum, {said}", "{said}, erzählen die Nachbarn", "jeder weiß, {said}", "{said}; frag, wen du willst", "es stimmt, {said}", "{said}, das kann jeder bezeugen", "nun, {said}", "{said}, wie die Alten erzählen", "fest steht, {said}", "{said}, glaube ich",
    ),
    # Questions, and one form of answer an attribute, as in English. `{x.of}` is "von Mia", or "des Freundes von Mia".
    "q.town": ("Wo wohnt {x.name}?", "In welcher Stadt wohnt {x.name}?", "Wo ist {x.name} zu Hause?", "Was ist die Stadt {x.of}?", "Wo steht das Haus {x.of}?"),
    "q.job": ("Was ist der Beruf {x.of}?", "Als was arbeitet {x.name}?", "Welchen Beruf hat {x.name}?", "Was ist {x.name} von Beruf?", "Womit verdient {x.name} Geld?"),
    "q.animal": ("Welches Tier hat {x.name}?", "Welches Tier lebt bei {x.dat}?", "Was ist das Tier {x.of}?", "Was für ein Tier hält {x.name}?", "Welches Tier gehört {x.dat}?"),
    "q.pet": ("Wie heißt das Tier {x.of}?", "Wie nennt {x.name} das Tier?", "Welchen Namen hat das Tier {x.of}?", "Auf welchen Namen hört das Tier {x.of}?", "Wie ruft {x.name} das Tier?"),
    "q.colour": ("Was ist die liebste Farbe {x.of}?", "Welche Farbe mag {x.name} am liebsten?", "Welche Farbe liebt {x.name}?", "Welche Farbe gefällt {x.dat} am besten?", "Wie heißt die liebste Farbe {x.of}?"),
    "q.food": ("Was isst {x.name} am liebsten?", "Was ist das liebste Essen {x.of}?", "Welches Essen mag {x.name} am liebsten?", "Was schmeckt {x.dat} am besten?", "Was isst {x.name} gern?"),
    "q.thing": ("Was besitzt {x.name}?", "Welches Ding besitzt {x.name}?", "Welches Ding gehört {x.dat}?", "Was ist das liebste Ding {x.of}?", "Welches Ding hat {x.name}?"),
    "q.age": ("Wie alt ist {x.name}?", "Was ist das Alter {x.of}?", "Wie viele Jahre zählt {x.name}?", "In welchem Alter ist {x.name}?", "Welches Alter hat {x.name}?"),
    "q.friend": ("Mit wem ist {x.name} befreundet?", "Wem vertraut {x.name} am meisten?", "Wem erzählt {x.name} alles?", "Auf wen verlässt sich {x.name}?", "Mit wem geht {x.name} gern spazieren?", "Mit wem trifft sich {x.name} oft?"),
    "q.origin": ("Wie kam {x.name} zu {x.thing.the_dat}?", "Woher hat {x.name} {x.thing.the_acc}?", "Woher stammt {x.thing.the} von {x.dat}?", "Wie kam {x.thing.the} zu {x.dat}?", "Warum besitzt {x.name} {x.thing.the_acc}?"),
    "q.place": ("Wo liegt {x.name}?", "An welchem Ort liegt {x.name}?", "Wo findet man {x.name}?", "Wo wurde {x.name} gebaut?"),
    "q.day": ("Wann ist in {x.name} Markt?", "An welchem Tag hat {x.name} Markt?", "Was ist der Markttag von {x.name}?", "An welchem Tag kommen die Händler nach {x.name}?"),
    "q.sight": ("Was gibt es in {x.name} zu sehen?", "Wofür ist {x.name} bekannt?", "Was ist die Sehenswürdigkeit von {x.name}?", "Was sehen die Gäste in {x.name}?"),
    "q.price": ("Was ist der Preis für {x.a_acc}?", "Wie viele Münzen zahlt man für {x.a_acc}?", "Wie viel {x:kostet/kosten} {x.a}?", "Für wie viele Münzen bekommt man {x.a_acc}?"),
    "q.bed": ("Wo schläft {x.the}?", "Wo liegt {x.the} nachts?", "Wo ist der Schlafplatz {x.the_gen}?", "Wo findet man {x.the_acc} in der Nacht?"),
    "a.town": ("Die Stadt ist {x.town}.",), "a.job": ("Der Beruf ist {x.job}.",), "a.animal": ("Das Tier ist {x.animal.a}.",), "a.pet": ("Das Tier heißt {x.pet}.",), "a.colour": ("Die Farbe ist {x.colour}.",), "a.food": ("Das Essen {x.food.are}.",), "a.thing": ("Das Ding ist {x.thing.a}.",), "a.age": ("Das Alter ist {x.age}.",),
    "a.friend": ("Befreundet mit {x.friend}.",), "a.origin": ("Das Ding wurde {x.origin.told}.",), "a.place": ("Die Stadt liegt {x.place}.",), "a.day": ("Der Markt ist am {x.day}.",), "a.sight": ("Zu sehen ist {x.sight.a}.",), "a.price": ("Der Preis beträgt {x.price} Münzen.",), "a.bed": ("Das Tier schläft {x.bed}.",),
    "label.town": ("Stadt",), "label.job": ("Beruf",), "label.animal": ("Tier",), "label.pet": ("Name des Tiers",), "label.colour": ("Farbe",), "label.food": ("Essen",), "label.thing": ("Ding",), "label.age": ("Alter",), "label.friend": ("befreundet mit",), "label.origin": ("Herkunft",), "label.place": ("Lage",),
    "label.day": ("Markttag",), "label.sight": ("zu sehen",), "label.price": ("Preis",), "label.bed": ("Schlafplatz",),
    # The same fields in a line of a table, in the styles that tables have.
    "table.row": ("{label}: {value}", "{label} - {value}", "- {label}: {value}", "* {value} ({label})", "{label} = {value}", "| {label} | {value} |", "{value} ({label})", "{label} ... {value}", "{label} / {value}", "> {label}: {value}", "[{label}] {value}", "{label}; {value}"),
    "quiz.marks": (
        "Frage: {question}\nAntwort: {answer}", "{question} {answer}", "{question}\n{answer}", "- {question} - {answer}", "F: {question}\nA: {answer}", "{question} - {answer}", "{question}\n\n{answer}", "({question}) {answer}", "* {question}\n  {answer}", '"{question}" "{answer}"', "{question} Das weiß ich: {answer}", "{question} ({answer})", "> {question}\n{answer}", "{question} Ganz einfach: {answer}", "+ {question} {answer}", "{question}\n-> {answer}",
        "{question} Nun: {answer}", "Quiz: {question} {answer}", "{question}\n   {answer}",
    ),
}  # fmt: skip
