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

reason-member = { $person } is in the group “{ $group }”.
reason-outsider = { $person } is not in the group “{ $group }” yet.
reason-administrator = { $person } administers the group “{ $group }”.
reason-co-administrator = { $person } is a co-administrator of the group “{ $group }”.
reason-shared-group = { $person } and { $other } are both in the group “{ $group }”.
reason-oneself = { $person } may do this with their own data.
reason-owner = This is the private space of { $person }.
reason-author = { $person } is the author.
reason-grant-person =
    { $person } was given the right to { $right ->
        [view] view
        [view_details] see the details
        [add] add
        [edit] edit
       *[delete] delete
    } on { $place }.
reason-grant-group =
    Everyone in the group “{ $group }” was given the right to { $right ->
        [view] view
        [view_details] see the details
        [add] add
        [edit] edit
       *[delete] delete
    } on { $place }.
reason-setting = The settings of the group “{ $group }” allow it.
reason-policy = The policy “{ $policy }” allows it.

denied-not-stored = { $what } is not known here.
denied-failed = The policy “{ $policy }” could not be evaluated.
denied-full = There is not enough room in { $place }.
denied-forbidden = The policy “{ $policy }” forbids it.
denied-member = Only people in the group “{ $group }” may do this.
denied-outsider = { $person } is in the group “{ $group }” already.
denied-administrator = Only the administrator of the group “{ $group }” may do this.
denied-co-administrator = Only the administrator and the co-administrators of the group “{ $group }” may do this.
denied-grant =
    This takes the right to { $right ->
        [view] view
        [view_details] see the details
        [add] add
        [edit] edit
       *[delete] delete
    } on { $place }{ $above ->
        [no] .
       *[yes] , or on what it lies in.
    }
denied-author = Only the author, { $person }, may do this.
denied-owner = Only { $person }, whose private space this is, may do this.
denied-oneself = Nobody may do this for anybody else.
denied-shared-group = Only people who share a group with { $other } may do this.
denied-setting = The settings of the group “{ $group }” do not allow it.
denied-hand-over = The group “{ $group }” must be handed over to another member first.
denied-nothing = No policy allows it.

tool-of-group = “{ $kind }” of the group “{ $group }”
tool-of-person = “{ $kind }” of { $person }
content = “{ $id }”
