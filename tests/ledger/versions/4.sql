INSERT INTO ledger VALUES
    (x'01a0e5f1a6007abc8123456789abcdef', 1790000000000, 'own', 's1', 'claude-cli', 'messages', 'claude-opus-4.6',
     'messages', 'relayed', 200, 'ok', '', 300, 600, 100, 70, 20, 12000000, NULL, 'upstream', 391, 812, 1400, 'usr_1', 'key_1', 'stored', 7),
    (x'01a0e5f1a6017abc8123456789abcdef', 1790000000001, 'own', '', 'curl', 'completions', 'gpt-4o',
     'completions', 'relayed', 400, 'failed', 'unknown_field', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 5, 900, '', '', '', NULL);
INSERT INTO usage_day VALUES
    (20717, 'own', 'claude-cli', 'claude-opus-4.6', 1, 0, 0, 0, 300, 600, 100, 70, 20, 12000000, 0),
    (20717, 'own', 'curl', 'gpt-4o', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0);
INSERT INTO usage_session VALUES
    (20717, 'own', 'claude-cli', 's1', 1, 0, 0, 0, 300, 600, 100, 70, 20, 12000000, 0, 1790000000000, 1790000000000);
INSERT INTO gap (since, until, pid, lost, why) VALUES (1790000000000, 1790000005000, 4711, NULL, 'it was killed');
INSERT INTO quota_sample VALUES
    ('own', 'github', 1790000000000, 'credits', 7000.0, 6987.5, 12.5, 1790812800000),
    ('own', 'headers', 1790000001000, 'credits', 7000.0, 6987.5, 12.5, NULL);
INSERT INTO usage_user VALUES
    (20717, 'own', 'usr_1', 'key_1', 1, 0, 0, 0, 300, 600, 100, 70, 20, 12000000, 0);
