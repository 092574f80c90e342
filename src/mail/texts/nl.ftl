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
