greeting = Hello,
greeting-by-name = Hello { $name },

invitation-subject = { $inviter } invites you to the group “{ $group }”
invitation-text =
    { $inviter } invites you to join the group “{ $group }” on { $product }.
    You become a member only if you accept.
invitation-link = To accept, open this link:
invitation-code = To accept, enter this code in { $product }:
invitation-code-instead = Or enter this code in { $product }:
invitation-expires =
    { $days ->
        [one] The invitation expires in { $days } day, on { $date }.
       *[other] The invitation expires in { $days } days, on { $date }.
    }
invitation-secret =
    The code is meant for you alone: please do not forward this message.
    If you do not want to join, you do not have to do anything.

join-request-subject = { $person } would like to join the group “{ $group }”
join-request-text = { $person } would like to join the group “{ $group }”, which you administer on { $product }.
join-request-email = Email address: { $email }
join-request-message = The message reads:
join-request-answer =
    If you agree, invite this person to the group.
    If you do not agree, you do not have to do anything.

closing = This message was sent by { $product }.
