#ifndef STORE_VISIBLE_H
#define STORE_VISIBLE_H
/*
 * visible: which repos a user sees, in SQL (0006-access.sql). viewer: an expression for the user's number, 0: whoever sees all. Of a joined `repo`; who sees a repo sees its forks.
 */
#define VISIBLE_TO(viewer)                                                                                   \
	"(" viewer " = 0 OR repo.visibility <> 'members' OR EXISTS (SELECT 1 FROM member"                    \
	" WHERE member.user_id = " viewer " AND member.allowed = 1"                                          \
	" AND member.repo_id = CASE WHEN repo.fork_of > 0 THEN repo.fork_of ELSE repo.id END))"

#endif
