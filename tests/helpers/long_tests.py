"""The tests that take more than about five seconds of an idle machine, each with its reason.

Their files begin first where several processes share the tests: whoever begins a long one last lets the others wait. Who
writes a test that takes as long adds it here, or makes it shorter: fewer epochs, a smaller workbook, one that is made once for
several tests, `main(argv)` instead of a process.
"""

from __future__ import annotations

LONG_TESTS = {
    "test_clusters.py::test_a_spark_cluster_makes_the_same_model": "a Spark cluster of two workers: three Java machines, and Python in each",
    "test_clusters.py::test_a_ray_cluster_makes_the_same_model": "a Ray cluster of two processes",
    "test_two_machines.py::test_a_fit_by_two_machines_goes_on_when_one_is_lost_and_comes_back": "waits 20 s until torchrun gives a machine up",
    "test_changing_cells.py::test_on_public_workbooks_no_constant_changes_but_solvers": "fits 40 real workbooks, some of thousands of formulas",
    "test_docs.py::test_every_collabsheet_command_runs_in_order": "runs the forty commands of the README one after another",
    "test_docs.py::test_the_live_walk_through_works_word_for_word": "a live fit to its end, in LibreOffice",
    "test_docs.py::test_the_python_examples_run": "each example is a process of its own, as its reader starts it",
    "test_lesson_page.py::test_every_command_shows_the_numbers_below_it": "runs the commands of the lesson, the demo with the net among them",
    "test_site.py::test_every_command_of_the_guides_runs_in_order": "runs the commands of the guides",
    "test_release.py::test_it_works_elsewhere": "installs the wheel into an environment of its own and builds the demo there",
    "test_on_a_gpu.py::test_a_dry_run_finds_every_figure": "every measurement that a GPU is put through, on the CPU",
    "test_walk.py::test_from_four_ratings_to_recommendations": "a LibreOffice with a window, and a mouse that waits for what it sees",
    "test_click.py::test_a_click_on_fit_fits_the_sheet": "the same, under each of LibreOffice's faces",
    "test_page.py::test_the_demo_with_the_keyboard_alone_on_a_phone_in_the_dark": "a browser, a service and a fit",
    "test_page.py::test_ratings_are_trained_on_by_rows_downloaded_and_made_a_workbook_of": "a browser, a training and what is done with its model",
    "test_serve_models.py::test_the_commands_train_and_ask_there_as_they_do_here": "seven commands there and here, each a job",
    "test_page.py::test_the_lessons_workbook_is_opened_fitted_and_downloaded": "a browser, a service and a fit",
    "test_campaign.py::test_an_attack_finds_nothing": "eight seconds of attacks, in a process that one of them may end",
    "test_campaign.py::test_a_shrunk_workbook_is_judged_again": "two processes of the campaign",
    "test_live_update.py::test_somebody_adds_herself_and_presses_update": "a workbook is built anew while it is open in LibreOffice",
    "test_live_update.py::test_the_command_updates_what_is_open_and_an_ods_stays_an_ods": "a workbook is built anew while it is open in LibreOffice",
    "test_buttons.py::test_press_fit_watch_stop_restore_randomize_and_fit_again": "eight presses of buttons, a Python for each",
    "test_buttons.py::test_a_killed_python_and_a_closed_workbook_do_no_harm": "two presses of Fit that are killed or left alone",
    "test_live.py::test_one_sees_it_learn_edits_another_cell_and_stops_it": "a fit by a process of its own that is watched and stopped",
    "test_live.py::test_a_fit_that_is_killed_leaves_a_workbook_to_fit_again": "two fits by processes of their own",
    "test_live.py::test_every_sheet_is_fitted_as_the_file_would_be": "four models, live and in the file, to the end",
    "test_press_worker.py::test_it_ends_by_itself": "waits 12 s for the end of a worker that has nothing to do",
    "test_cli.py::test_demo_builds_fits_and_says_where": "builds and fits the demo, once for all tests that look at it",
    "test_save.py::test_fifty_kills_leave_the_old_file_or_the_new": "fifty processes that are killed while they save",
    "test_save.py::test_memory_does_not_grow_with_the_sheet": "a large sheet, which is the point",
    "test_distributed.py::test_a_fit_that_is_killed_goes_on_and_ends_alike": "fits by several processes, killed and begun again",
    "test_distributed.py::test_a_process_that_is_lost_is_started_again_with_all_others": "fits by several processes, one of them lost",
    "test_mcp.py::test_an_agent_inspects_fits_restores_and_recommends": "a service of its own, and all that an agent asks of it",
    "test_serve_threats.py::test_a_job_that_takes_too_long_or_is_killed_is_told_and_others_go_on": "waits for the limit of time that it tests",
    "test_engines.py::test_a_million_cells_go_there_and_back": "a million cells, which are the point",
    "test_recalculate.py::test_public_workbooks_hold_what_we_compute": "every formula of 40 real workbooks",
    "test_random_problems.py::test_random_books_end_where_highs_or_every_point_says": "24 random workbooks, each recalculated at every point",
    "test_optimizers.py::test_comes_near_the_optimum_within_its_own_epochs": "all of them together: each optimizer, on each model, to its end",
    "test_edits_by_hand.py::test_it_works_or_a_sentence_refuses_it": "all of them together: forty edits in LibreOffice, a live fit and one of the file for each",
    "test_formulas.py::test_every_function_agrees_with_libreoffice": "a formula for each of several hundred functions",
    "test_build.py::test_libreoffice_and_torch_agree": "workbooks up to the sizes where blocks become array formulas",
    "test_nothing_is_stale.py::test_nothing_is_stale_after_a_change": "every cell of two workbooks, followed and recalculated",
    "test_films.py::test_its_pictures_and_files_are_made": "the whole example of the films",
    "test_schemas.py::test_all_parts_are_valid": "every part of a workbook against the schemas of its format",
}
