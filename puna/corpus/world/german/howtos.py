"""German how-tos: what to take, what to do, and how one knows that it is done. Quantities are drawn once and said again where they are used.

Tasks and steps are infinitives, as German recipes have them; measures are words that take no plural ("1 Becher", "3 Becher").
"""

HOWTOS: dict[str, tuple[str, ...]] = {
    "how.title": ("Anleitung: {task}", "{task} in {count} Schritten", "{task}, so geht es", "So kann man {task}", "Für Anfänger: {task}", "{task} leicht gemacht", "Eine kurze Anleitung für alle, die {task} wollen", "Wer {task} möchte, liest hier weiter"),
    "how.task.bake": ("{f.name} kochen", "mit {f.a_dat} backen", "{f.name} für {people} Gäste zubereiten", "{f.name} mit {spice} kochen", "{people} Leuten {f.name} auftischen"),
    "how.task.mend": ("{g.a_acc} reparieren", "{g.a_acc} putzen", "{g.a_acc} anstreichen", "{g.a_acc} über einen Hügel tragen"),
    "how.task.keep": ("{a.a_acc} halten", "{a.a_acc} waschen", "{a.a_acc} wiederfinden", "{a.a_acc} erziehen", "{a.a_acc} pflegen"),
    "how.need": ("Man braucht {list}.", "Man nehme {list}.", "Bereit liegen sollten {list}.", "Zuerst besorgt man {list}.", "Einkaufszettel: {list}.", "Auf dem Tisch sollten {list} liegen.", "Nötig sind {list}.", "Dazu gehören {list}."),
    "how.price": ("{said}, also nimm genug Geld mit.", "Teuer ist es nicht - {said}.", "Zahl nicht zu viel, {said}.", "{said}, wie überall.", "Ein Wort zum Preis, {said}.", "Gut zu wissen ist auch der Preis - {said}."),
    "how.bed": ("Gut zu wissen ist auch dies - {said}.", "Eins vorweg, {said}.", "{said}, daran sollte man denken.", "{said}, also sucht man nachts am besten dort.", "{said}, das hilft beim Suchen."),
    "how.ask": (
        "Wem das zu schwer ist, der fragt {x.acc}, denn {x.they} ist {x.job}.", "{x.name} aus {x.town} hat es mir gezeigt.", "{x.name}, {x.job.the}, braucht dafür nur die halbe Zeit.", "Gelernt habe ich es bei {x.dat}; {x.they} hat {x.animal.a_acc} und isst gern {x.food}.", "{x.name} hat {x.thing.a_acc} und leiht {x.thing_them} vielleicht aus.", "Das habe ich in {x.town} von {x.dat} gelernt.", "Wenn nichts hilft, geh nach {x.town} und frag {x.acc}.", "Mit {x.dat}, {x.job.the_dat} aus {x.town}, habe ich es zum ersten Mal versucht.",
    ),
    "how.order": ("{number}. {step}.", "- {step}.", "Schritt {number}: {step}.", "Dann {step}.", "{number}) {step}.", "Danach {step}.", "Jetzt {step}.", "Als Nächstes {step}.", "Ist das getan, {step}.", "({number}) {step}.", "Nun heißt es: {step}.", "* {step}."),
    "how.step.bake": (
        "{f.the_acc} mit {kaltem|warmem} Wasser waschen", "{f.the_acc} in {pieces} Stücke schneiden", "{cups} Becher Mehl mit {spice} mischen", "{spoons} Löffel {spice} zugeben", "{minutes} Minuten rühren", "den Ofen heizen und {minutes} Minuten warten", "alles in eine {flache|tiefe} Pfanne geben", "die Mischung {minutes} Minuten {ruhen|stehen} lassen", "kosten und ein wenig {spice} zugeben",
        "{cups} Becher Mehl darüber streuen", "die Pfanne mit {einem Deckel|einem Tuch} zudecken", "backen, bis alles braun ist", "vorsichtig herausnehmen, denn es ist heiß", "so teilen, dass {people} Leute gleich viel bekommen", "den Teig dünn ausrollen", "{eggs} Eier in eine Schüssel schlagen", "{spoons} Löffel {spice} für später aufheben", "alles {einmal|zweimal} wenden",
    ),
    "how.step.mend": (
        "{g.the_acc} auf {einen Tisch|einen flachen Stein} legen", "den Staub mit einem {feuchten|trockenen} Tuch abwischen", "nach Rissen suchen und sie mit Kreide markieren", "{pieces} Stück Schnur abschneiden", "alles mit {nails} Nägeln befestigen", "{minutes} Minuten warten, bis der Leim trocken ist", "die Stelle mit {Öl|Wachs} einreiben", "alles mit den {pieces} Stück Schnur festbinden",
        "{zweimal|einmal} streichen und trocknen lassen", "{g.the_acc} vorsichtig ausprobieren", "wegwerfen, was zerbrochen ist", "zuerst das Messer schärfen", "jemanden bitten, {g.the_acc} festzuhalten", "die {nails} Nägel einzeln einschlagen", "die {pieces} Stück Schnur noch einmal zählen", "{g.the_acc} {minutes} Minuten in die Sonne legen", "den Boden fegen", "jedes Werkzeug an seinen Platz zurücklegen",
    ),
    "how.step.keep": (
        "{a.the_dat} {cups} Becher Körner geben", "mit {leiser|sanfter} Stimme sprechen", "{spoons} Löffel Salz ins Futter mischen", "mit {a.the_dat} {minutes} Minuten spazieren gehen", "{a.the_acc} von Kopf bis Fuß bürsten", "hinter sich das Tor schließen", "an den Füßen nach Steinchen sehen", "die Hand ausstrecken und {minutes} Minuten warten", "ein Lager aus sauberem Stroh machen",
        "{a.the_acc} immer auf dieselbe Art rufen", "{a.the_acc} loben, wenn {a.they} kommt", "nie laut werden", "{a.the_acc} {minutes} Minuten ruhen lassen", "{a.the_acc} mit einem {weichen|großen} Tuch abtrocknen", "{pieces} Stück Schnur ans Tor binden", "jeden Abend die Tiere zählen", "fremde Hunde und Füchse fernhalten", "{days} Tage lang dasselbe wiederholen",
    ),
    "how.done": ("Das ist alles.", "Es dauert {minutes} Minuten länger, als man denkt.", "In {days} Tagen ist es geschafft.", "Jetzt ist es fertig.", "Wenn etwas schiefgeht, fängt man bei Schritt {number} wieder an.", "Mit der Zeit braucht man keine Anleitung mehr.", "Viel Glück!", "Beim ersten Mal dauert es vielleicht {hours} Stunden.", "Viel Freude damit!", "Am Ende das Aufräumen nicht vergessen.", "So einfach ist das."),
    "how.item.cups": ("{cups} Becher {flour}",), "how.flour.bake": ("Mehl",), "how.flour.keep": ("Körner",), "how.item.spoons": ("{spoons} Löffel {spice}",), "how.item.eggs": ("{eggs} Eier",), "how.item.nails": ("{nails} Nägel",), "how.item.pieces": ("{pieces} Stück Schnur",),
    "how.spice": ("Salz", "Pfeffer", "Butter", "Zucker", "Sahne", "Ingwer", "Minze", "Öl"),
}  # fmt: skip
