"""Exports of tools that speak German, French or Spanish: recognised by the words, proposed, and loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from opstally import library, recognise
from opstally.recognise.names import alike, tokens, unaccented, unit_of
from opstally.yamlfile import read

from .conftest import Loading

LIBRARY = library.load()

TICKETS = """\
Ticketnummer;Erstellt am;Erste Antwort am;Gelöst am;Zuletzt geändert;Priorität;Status;Kategorie;Unterkategorie;\
Eingangskanal;Bearbeiter;Gruppe;Kundennummer;Reaktionszeit (Std);Bearbeitungszeit (Min);Zufriedenheit;Eskaliert;Betreff
INC-1;03.02.2026 08:15;03.02.2026 09:00;04.02.2026 16:30;04.02.2026 16:31;Hoch;Gelöst;Anmeldung;Passwort;\
E-Mail;Jörg Müller;2nd Level;K-77;0,75;32,5;4;Nein;"Passwort; vergessen"
INC-2;03.02.2026 10:02;;;03.02.2026 10:02;Mittel;Offen;Abrechnung;;Telefon;;1st Level;K-12;;;;Nein;Rechnung fehlt
INC-3;04.02.2026 11:40;04.02.2026 12:10;05.02.2026 09:00;06.02.2026 09:00;Niedrig;Geschlossen;Anmeldung;MFA;\
Portal;Änne Groß;1st Level;K-12;0,5;12;5;Ja;Handy verloren
INC-4;05.02.2026 07:55;05.02.2026 13:25;;05.02.2026 14:00;Hoch;Wartet auf Kunde;Störung;;Portal;Jörg Müller;\
2nd Level;K-91;5,5;;;Ja;Langsam
INC-5;05.02.2026 12:00;;;05.02.2026 12:00;Mittel;In Bearbeitung;Abrechnung;;E-Mail;;1st Level;K-12;;;;Nein;Umzug
INC-6;05.02.2026 12:30;;;05.02.2026 12:30;Mittel;Vertagt;Abrechnung;;E-Mail;;1st Level;K-12;;;;Nein;Umzug
"""
DAY = {"format": "%d.%m.%Y %H:%M"}


def proposed(folder: Path, text: str, name: str = "export.csv", encoding: str = "utf-8") -> recognise.ProposedSource:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    [one] = recognise.propose([path], LIBRARY).sources
    return one


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_german_help_desk(tmp_path: Path, encoding: str) -> None:
    one = proposed(tmp_path, TICKETS, encoding=encoding)
    told = yaml.safe_load(one.text)
    [target] = told["targets"]
    assert target["table"] == "support_tickets"
    statuses = {"Gelöst": "resolved", "Geschlossen": "closed", "In Bearbeitung": "open", "Offen": "open"}
    assert target["columns"] == {
        "ticket_id": "Ticketnummer",
        "created_at": {"from": "Erstellt am", **DAY},
        "first_response_at": {"from": "Erste Antwort am", **DAY},
        "resolved_at": {"from": "Gelöst am", **DAY},
        "status": {"from": "Status", "map": {**statuses, "Wartet auf Kunde": "pending"}},
        "ticket_priority": "Priorität",
        "ticket_category": "Kategorie",
        "ticket_subcategory": "Unterkategorie",
        "channel": "Eingangskanal",
        "customer_id": "Kundennummer",
        "agent_name": "Bearbeiter",
        "team": "Gruppe",
        "first_response_minutes": {"from": "Reaktionszeit (Std)", "decimal": ",", "scale": 60},
        "satisfaction_score": "Zufriedenheit",
        "escalated": {"from": "Eskaliert", "map": {"Ja": "true", "Nein": "false"}},
        "handle_minutes": {"from": "Bearbeitungszeit (Min)", "decimal": ","},
        "updated_at": {"from": "Zuletzt geändert", **DAY},
    }
    assert [question.split("?")[0] for question in one.questions] == [
        "in which time zone is 'Erstellt am' ('03.02.2026 08:15') written",
        "what do 'Vertagt' mean",
    ]
    [preview] = one.previews
    assert (preview.rows, preview.faulty, preview.problem) == (5, 1, "")


def test_what_is_proposed_for_it_loads(loading: Loading) -> None:
    path = loading.folder / "data" / "tickets.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_text(TICKETS, encoding="cp1252")
    recognise.write(recognise.propose([path], LIBRARY, loading.folder, zone="Europe/Berlin"), loading.folder)
    loading.load()
    assert loading.counts() == {("tickets", "support_tickets"): (5, 1)}
    shown = (
        "ticket_id, CAST(created_at AS VARCHAR), status, first_response_minutes, handle_minutes, escalated, agent_name"
    )
    assert loading.ask(f"SELECT {shown} FROM support_tickets ORDER BY 1")[::2] == [
        ("INC-1", "2026-02-03 07:15:00", "resolved", 45.0, 32.5, False, "Jörg Müller"),
        ("INC-3", "2026-02-04 10:40:00", "closed", 30.0, 12.0, True, "Änne Groß"),
        ("INC-5", "2026-02-05 11:00:00", "open", None, None, False, None),
    ]


EXPORTS = {
    "German incidents": (
        "Störungsnummer;Dienst;Beginn;Erkannt am;Behoben am;Dauer (Min);Schweregrad;Betroffene Kunden;Ursache\n"
        "S-1;Anmeldung;01.02.2026 10:00;01.02.2026 10:04;01.02.2026 11:30;90;Hoch;120;Update\n"
        "S-2;API;17.02.2026 22:00;17.02.2026 22:01;;;Kritisch;15;\n",
        "incidents",
        "incident_id service_name started_at detected_at resolved_at duration_minutes severity "
        "customers_impacted cause",
    ),
    "German incidents without umlauts": (
        "STOERUNG_NR;DIENST;BEGINN;ENDE;SCHWERE\n"
        "S-1;Anmeldung;2026-02-01 10:00:00;;Hoch\nS-2;API;2026-02-02 10:00:00;;1\n",
        "incidents",
        "incident_id service_name started_at resolved_at severity",
    ),
    "German costs": (
        "Datum;Kostenstelle;Betrag (EUR);Kostenart\n"
        "31.01.2026;Support;12500,50;Support\n31.01.2026;IT;48100,00;Betrieb\n",
        "costs",
        "cost_date cost_center operational_cost cost_class",
    ),
    "French tickets": (
        "Numéro de ticket;Créé le;Résolu le;Priorité;Statut;Catégorie;Agent;Équipe;Client\n"
        "D-1;13/02/2026 08:15;13/02/2026 09:00;Haute;Résolu;Connexion;Zoé;Niveau 2;Acme\n"
        "D-2;14/02/2026 08:15;;Basse;En attente du client;Facturation;Luc;Niveau 1;Acme\n",
        "support_tickets",
        "ticket_id created_at resolved_at status ticket_priority ticket_category customer_id agent_name team",
    ),
    "Spanish tickets": (
        "Número de solicitud;Fecha de creación;Fecha de cierre;Prioridad;Estado;Categoría;Asignado a;Cliente;Escalado\n"
        "1;13/02/2026 08:15;14/02/2026 09:00;Alta;Cerrado;Acceso;Ana;Acme;Sí\n"
        "2;14/02/2026 08:15;;Baja;En curso;Facturas;Luis;Acme;No\n",
        "support_tickets",
        "ticket_id created_at resolved_at status ticket_priority ticket_category customer_id agent_name escalated",
    ),
}


@pytest.mark.parametrize("what", EXPORTS)
def test_the_table_and_its_columns_are_found(tmp_path: Path, what: str) -> None:
    text, table, columns = EXPORTS[what]
    one = proposed(tmp_path, text)
    [target] = yaml.safe_load(one.text)["targets"]
    assert target["table"] == table
    assert set(target["columns"]) == set(columns.split())
    assert (one.previews[0].rows, one.previews[0].faulty) == (2, 0)


def test_files_in_other_encodings_are_other_sources(tmp_path: Path) -> None:
    for encoding in ("utf-8", "cp1252"):
        (tmp_path / f"{encoding}.csv").write_text(TICKETS, encoding=encoding)
    found = recognise.propose(sorted(tmp_path.iterdir()), LIBRARY).sources
    assert [yaml.safe_load(one.text)["options"].get("encoding") for one in found] == ["cp1252", None]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Ticketnummer", "ticket id"), ("Lösungszeit", "resolved when"), ("Loesungsdatum", "resolved when"),
        ("Kundenzufriedenheit", "satisfaction"), ("Kostenstelle", "cost center"), ("Erstantwort", "first response"),
        ("Fecha de creación", "when created"), ("Date de clôture", "when resolved"), ("casetype", "ticket category"),
        ("hostname", "hostname"), ("uptime", "uptime"), ("timestamp", "when"), ("notation", "notation"),
    ],
)  # fmt: skip
def test_what_a_name_says(name: str, said: str) -> None:
    assert tokens(name) == frozenset(said.split())


def test_units_in_other_languages() -> None:
    assert [unit_of(name) for name in ("Dauer (Min)", "Lösungsstunden", "Délai (jours)", "Duración en horas")] == [
        "minutes", "hours", "days", "hours",
    ]  # fmt: skip
    assert alike("resolved_at", "Gelöst am") == 1


def test_accents() -> None:
    assert [unaccented(text) for text in ("gelöst", "GELÖST", "Straße", "créé", "señal", "ge\u006c\u006f\u0308st")] == [
        "geloest", "GELOeST", "Strasse", "cree", "senal", "geloest",
    ]  # fmt: skip


def test_a_word_has_one_meaning_in_all_languages() -> None:
    folder = Path(recognise.__file__).parent / "words"
    assert len(list(folder.glob("*.yml"))) >= 4
    for section in ("names", "units"):
        meanings: dict[str, set[str]] = {}
        for path in folder.glob("*.yml"):
            for means, listed in read(path, path.name).data[section].items():
                for word in listed:
                    meanings.setdefault(unaccented(word), set()).add(means)
        assert {word: means for word, means in meanings.items() if len(means) > 1} == {}
