#ifndef STORE_VISIBLE_H
#define STORE_VISIBLE_H
/*
 * visible: which repos a user sees, in SQL (0006-access.sql). viewer: an expression for the user's number, 0: whoever sees all. Of a joined `repo`.
 */
#define VISIBLE_TO(viewer)                                                                                   \
	"(" viewer " = 0 OR repo.visibility <> 'members' OR EXISTS (SELECT 1 FROM member"                    \
	" WHERE member.user_id = " viewer " AND member.repo_id = repo.id AND member.allowed = 1))"

#endif
