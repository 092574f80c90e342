greeting = Hallo,
greeting-by-name = Hallo { $name },

invitation-subject = { $inviter } nodigt je uit voor de groep “{ $group }”
invitation-text =
    { $inviter } nodigt je uit om lid te worden van de groep “{ $group }” op { $product }.
    Je wordt pas lid als je de uitnodiging aanvaardt.
invitation-link = Open deze link om de uitnodiging te aanvaarden:
invitation-code = Voer deze code in bij { $product } om de uitnodiging te aanvaarden:
invitation-code-instead = Of voer deze code in bij { $product }:
invitation-expires =
    { $days ->
        [one] De uitnodiging vervalt over { $days } dag, op { $date }.
       *[other] De uitnodiging vervalt over { $days } dagen, op { $date }.
    }
invitation-secret =
    De code is alleen voor jou bedoeld: stuur dit bericht niet door.
    Wil je geen lid worden, dan hoef je niets te doen.

join-request-subject = { $person } wil graag lid worden van de groep “{ $group }”
join-request-text = { $person } wil graag lid worden van de groep “{ $group }”, die jij beheert op { $product }.
join-request-email = E-mailadres: { $email }
join-request-message = Het bericht luidt:
join-request-answer =
    Ga je akkoord, nodig deze persoon dan uit voor de groep.
    Ga je niet akkoord, dan hoef je niets te doen.

closing = Dit bericht is verzonden door { $product }.

reason-member = { $person } zit in de groep “{ $group }”.
reason-outsider = { $person } zit nog niet in de groep “{ $group }”.
reason-administrator = { $person } beheert de groep “{ $group }”.
reason-co-administrator = { $person } is medebeheerder van de groep “{ $group }”.
reason-shared-group = { $person } en { $other } zitten allebei in de groep “{ $group }”.
reason-oneself = { $person } mag dit met de eigen gegevens doen.
reason-owner = Dit is de privéruimte van { $person }.
reason-author = { $person } is de auteur.
reason-grant-person =
    { $person } heeft het recht gekregen om { $right ->
        [view] te bekijken
        [view_details] de details te zien
        [add] toe te voegen
        [edit] te bewerken
       *[delete] te verwijderen
    } in { $place }.
reason-grant-group =
    Iedereen in de groep “{ $group }” heeft het recht gekregen om { $right ->
        [view] te bekijken
        [view_details] de details te zien
        [add] toe te voegen
        [edit] te bewerken
       *[delete] te verwijderen
    } in { $place }.
reason-setting = De instellingen van de groep “{ $group }” laten het toe.
reason-policy = De regel “{ $policy }” laat het toe.

denied-not-stored = { $what } is hier niet bekend.
denied-failed = De regel “{ $policy }” kon niet worden geëvalueerd.
denied-full = Er is niet genoeg ruimte in { $place }.
denied-forbidden = De regel “{ $policy }” verbiedt het.
denied-member = Alleen mensen in de groep “{ $group }” mogen dit.
denied-outsider = { $person } zit al in de groep “{ $group }”.
denied-administrator = Alleen de beheerder van de groep “{ $group }” mag dit.
denied-co-administrator = Alleen de beheerder en de medebeheerders van de groep “{ $group }” mogen dit.
denied-grant =
    Hiervoor is het recht nodig om { $right ->
        [view] te bekijken
        [view_details] de details te zien
        [add] toe te voegen
        [edit] te bewerken
       *[delete] te verwijderen
    } in { $place }{ $above ->
        [no] .
       *[yes] {" "}of in wat daarboven ligt.
    }
denied-author = Alleen de auteur, { $person }, mag dit.
denied-owner = Alleen { $person }, van wie deze privéruimte is, mag dit.
denied-oneself = Niemand mag dit voor iemand anders doen.
denied-shared-group = Alleen mensen die een groep delen met { $other } mogen dit.
denied-setting = De instellingen van de groep “{ $group }” laten het niet toe.
denied-hand-over = De groep “{ $group }” moet eerst aan een ander lid worden overgedragen.
denied-nothing = Geen enkele regel laat het toe.

tool-of-group = “{ $kind }” van de groep “{ $group }”
tool-of-person = “{ $kind }” van { $person }
content = “{ $id }”
