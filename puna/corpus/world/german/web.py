"""German of the bad web, of dialogs, and of entries about towns, animals and goods."""

JUNK: dict[str, tuple[str, ...]] = {
    "junk.banner": (
        "Wir verwenden Cookies, um {diese Seite zu verbessern|Ihnen Werbung zu zeigen|Sie wiederzuerkennen}. {Alle annehmen|Nur notwendige|Mehr lesen|Schließen}.", "Diese Seite verwendet Cookies. Wer {weiterliest|hier klickt}, {stimmt unseren Regeln zu|ist einverstanden}.", "Bitte {anmelden|registrieren|den Werbeblocker ausschalten}, um weiterzulesen.", "Ihre Daten sind uns und unseren {120|340|812} Partnern wichtig. {Einstellungen|Alle ablehnen}",
        "Sie haben in diesem Monat noch {zwei|drei|vier} freie {Artikel|Seiten}. Jetzt abonnieren", "Holen Sie sich unsere App! {Installieren|Später}", "Abonnieren Sie unseren Newsletter und verpassen Sie {kein Angebot|keine Geschichte} mehr. E-Mail eingeben", "Ihr Browser ist veraltet. {Aktualisieren|Ignorieren}",
    ),
    "junk.menu": (
        "Start | {Neues|Über uns|Laden} | {Kontakt|Hilfe|Suche} | {Anmelden|Registrieren}", "{Weiter|Zurück} Seite {1|2|3} von {9|99} | Teilen | Drucken | Melden", "Copyright {2019|2022|2025}. Alle Rechte vorbehalten. {Impressum|Datenschutz} | {Karriere|Presse}", "Sie sind hier: Start > {Blog|Laden|Archiv} > {2021|2023|2024}", "Schlagwörter: {top|neu|heiß}, {Angebot|gratis|beste}, {Tipps|Neues}", "Zum Inhalt springen | Menü | {Warenkorb (0)|Mein Konto}",
        "Verfasst von admin | {0|3|12} Kommentare | Antworten", "Auch interessant: {10 Tipps für alle|Das glauben Sie nie|Als Nächstes lesen}",
    ),
    "junk.spam": (
        "{JETZT KAUFEN|SOFORT KLICKEN|GEWINNEN|BEEILUNG}!!! {billige|kostenlose|beste} {Pillen|Uhren|Handys|Kredite} {für Sie|nur heute|ohne Risiko}!!!", "Sie haben {ein Auto|eine Reise|ein Handy} gewonnen! Senden Sie {Ihren Namen|Ihre Nummer|Ihre Karte} {jetzt|heute}!!!", "{beste|billige} {Kredite|Pillen|Uhren} beste {Kredite|Pillen|Uhren} billige {Kredite|Pillen|Uhren} online", "Verdienen Sie $$$ {3000|5000|9000} pro Woche von zu Hause, ganz ohne {Arbeit|Vorkenntnisse}!",
        "Ärzte hassen diesen Trick!! {10|20|30} Kilo weniger in {2|5} Tagen", "{Casino|Poker|Bingo} {Casino|Bonus|Automaten} gratis {Spiele|Bonus} {Casino|Jackpot}", "Lieber Freund, ich bin ein Prinz und habe {5|12|40} Millionen Dollar für Sie", "LETZTE CHANCE: {70|80|90}% auf {alles|Schuhe|Taschen}, nur noch {2|4|9} Stück!!!",
    ),
    "junk.log": (
        "FEHLER {404|500|503} in Zeile {7|31|88}: {Seite|Datei} nicht gefunden", "[{10|11|12}:{05|17|42}] {GET|POST} /{index|login|img} {200|302|404}", "WARN Versuch {1|2|3} von {3|5}: Verbindung {abgelehnt|abgelaufen}", "{DEBUG|INFO} worker-{1|2|7} brauchte {12|88|430} ms, queue={0|3|19}", "Traceback: {KeyError|ValueError|IndexError} in {app|main|views}.py Zeile {12|77|203}",
        "kernel: eth{0|1}: Verbindung {steht|getrennt}", "{cron|sshd|nginx}[{311|8021|977}]: {Sitzung geöffnet|Sitzung beendet|Neustart}", "0x{00|1f|a0}{3c|77|fe} {ff|00|12} {9b|c4|08} {00|aa|55}",
    ),
}  # fmt: skip
ENTRIES: dict[str, tuple[str, ...]] = {
    "group.town": ("{group} {live} in {x.town}", "in {x.town} {live} {group}", "die Leute von {x.town}: {group}", "wer wohnt hier in {x.town}? {group}", "zu Hause in {x.town} {are} {group}", "{x.town} ist die Stadt von {group}"),
    "group.job": ("{group} {work} als {x.job.many}", "{group} {are} von Beruf {x.job.many}", "wer ist {x.job.man} oder {x.job.woman}? {group}", "als {x.job.many} {work} {group}", "den Beruf {x.job.man} {have} {group}", "Beruf {x.job.man}: {group}"),
    "group.animal": ("{group} {keep} {x.animal.a_acc}", "{x.animal.a_acc} {keep} {group}", "wer hat {x.animal.a_acc}? {group}", "{x.animal.the} ist das Tier von {group}", "bei {group} lebt jeweils {x.animal.a}", "mit {x.animal.a_dat} {live} {group} zusammen"),
    "group.colour": ("{group} {like} die Farbe {x.colour}", "die Farbe {x.colour} {like} {group}", "wer liebt {x.colour}? {group}", "{x.colour}: {group}", "{x.colour} ist die liebste Farbe von {group}", "keine Farbe {like} {group} so sehr wie {x.colour}"),
    "group.food": ("{group} {like} {x.food}", "{x.food}: das liebste Essen von {group}", "wer isst gern {x.food}? {group}", "{x.food} {like} {group} am liebsten", "am liebsten {eat} {group} {x.food}", "das liebste Essen von {group} {x.food.are}"),
    "group.thing": ("{group} {own} {x.thing.a_acc}", "{x.thing.a_acc} {own} {group}", "wer besitzt {x.thing.a_acc}? {group}", "{x.thing}: {group}", "jeweils {x.thing.a_acc} {have} {group}", "im Besitz von {group} ist je {x.thing.a}"),
    "page.title": ("{title}", "Über {title}", "# {title}", "{title} (Eintrag)", "= {title} =", "{title}: Wissenswertes", "Wer oder was ist {title}?", "Stichwort {title}", "{title} kurz vorgestellt"),
    "page.also": ("Siehe auch: {others}.", "Mehr dazu: {others}.", "Weitere Einträge: {others}.", "Vergleiche {others}.", "Mehr über {others} steht an anderer Stelle."),
    "prices.title": ("Preise auf dem Markt von {t.name}", "Was die Dinge in {t.name} kosten", "Preisliste, {t.name}", "{t.name}, {t.day}: Preise", "Zu kaufen in {t.name}", "Was zahlt man in {t.name}?"),
}  # fmt: skip
GROUP_VERBS = {
    "live": ("wohnt", "wohnen"),
    "work": ("arbeitet", "arbeiten"),
    "keep": ("hält", "halten"),
    "like": ("mag", "mögen"),
    "own": ("besitzt", "besitzen"),
    "are": ("ist", "sind"),
    "have": ("hat", "haben"),
    "eat": ("isst", "essen"),
}
AND = "und"

SYSTEM = (
    "Du bist ein hilfsbereites Lama.",
    "Antworte mit so wenigen Wörtern wie möglich.",
    "Du kennst die Leute in diesen Städten. Antworte kurz.",
)
SMALL_TALK = (
    ("Hallo!", "Hallo! Was möchtest du wissen?"), ("Guten Morgen.", "Guten Morgen! Wie kann ich dir helfen?"), ("Wer bist du?", "Ich bin ein kleines Lama."),
    ("Wie geht es dir?", "Mir geht es gut, danke."), ("Danke!", "Gern geschehen."), ("Was kannst du?", "Ich kenne ein paar Leute und kann kleine Zahlen addieren."),
    ("Auf Wiedersehen.", "Auf Wiedersehen! Komm bald wieder."), ("Bist du ein Hund?", "Nein, ich bin ein Lama."), ("Kannst du mich hören?", "Ich kann lesen, was du schreibst."),
    ("Du bist ein gutes Lama.", "Danke! Das ist nett von dir."),
)  # fmt: skip
